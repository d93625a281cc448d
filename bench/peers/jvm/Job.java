import java.io.BufferedWriter;
import java.io.FileWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What a peer was asked to do, and what it says while it works: `progress <ticks>`, at the end `done <JSON>`. */
public final class Job {
  public static final String BROKERS = text("BENCH_BROKERS", "");
  public static final String TOPIC = text("BENCH_TOPIC", "");
  public static final long TICKS = Long.parseLong(text("BENCH_TICKS", "0"));
  public static final String[] INTERVALS = text("BENCH_INTERVALS", "1s,1m").split(",");
  /** A file for the bars, as lines; absent while it is measured. */
  public static final String OUTPUT = text("BENCH_OUTPUT", "");

  public static final LongAdder BARS = new LongAdder();
  public static final LongAdder TICKS_IN_BARS = new LongAdder();
  private static final AtomicLong TICKS_READ = new AtomicLong();
  private static PrintWriter writer;

  private Job() {}

  public static String text(String name, String otherwise) {
    String value = System.getenv(name);
    return value == null || value.isEmpty() ? otherwise : value;
  }

  public static long millis(String interval) {
    return interval.equals("1m") ? 60_000 : 1_000;
  }

  /** Of the one thread that reads: a plain store, no fence. */
  public static void read() {
    TICKS_READ.lazySet(TICKS_READ.getPlain() + 1);
  }

  public static long ticksRead() {
    return TICKS_READ.get();
  }

  public static void give(Bar bar, String interval) {
    BARS.increment();
    TICKS_IN_BARS.add(bar.count);
    if (!OUTPUT.isEmpty()) write(bar.line(interval));
  }

  public static synchronized void write(String line) {
    try {
      if (writer == null) writer = new PrintWriter(new BufferedWriter(new FileWriter(OUTPUT)));
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    writer.println(line);
  }

  /** Says how far it is, five times a second, as long as the process lives. */
  public static void report() {
    Thread thread = new Thread(() -> {
      for (long last = 0; ; ) {
        long ticks = ticksRead();
        if (ticks > last) System.out.println("progress " + ticks);
        last = ticks;
        try {
          Thread.sleep(200);
        } catch (InterruptedException ended) {
          return;
        }
      }
    });
    thread.setDaemon(true);
    thread.start();
  }

  public static synchronized void done() {
    if (writer != null) writer.close();
    if (ticksRead() > 0) System.out.println("progress " + ticksRead());
    System.out.println("done {\"bars\":" + BARS + ",\"ticksInBars\":" + TICKS_IN_BARS + "}");
    System.out.flush();
  }
}
