import java.io.IOException;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.FilterFunction;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/**
 * The bars by Flink's DataStream API, set up to be fast: one task slot, state on the heap, objects reused, aggregated as ticks come, no
 * checkpoints. BENCH_PARSER is `jackson` or `hand`.
 */
public final class FlinkBars {
  public static void main(String[] args) throws Exception {
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(1, configuration());
    environment.getConfig().enableObjectReuse();
    KafkaSource<Tick> source =
        KafkaSource.<Tick>builder()
            .setBootstrapServers(Job.BROKERS)
            .setTopics(Job.TOPIC)
            .setGroupId("bench-flink-" + System.currentTimeMillis())
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setBounded(OffsetsInitializer.latest())
            .setValueOnlyDeserializer(new TickReader(Job.text("BENCH_PARSER", "jackson").equals("hand")))
            .setProperty("max.poll.records", "5000")
            .build();
    WatermarkStrategy<Tick> watermarks =
        WatermarkStrategy.<Tick>forBoundedOutOfOrderness(Duration.ofSeconds(2)).withTimestampAssigner((tick, before) -> tick.timeMs);
    KeyedStream<Tick, String> bySymbol = environment.fromSource(source, watermarks, "ticks").keyBy(tick -> tick.symbol, Types.STRING);
    for (String interval : Job.INTERVALS) {
      bySymbol
          .window(TumblingEventTimeWindows.of(Duration.ofMillis(Job.millis(interval))))
          .aggregate(new Add(), new Close(), Types.POJO(Bar.class), Types.POJO(Bar.class), Types.POJO(Bar.class))
          .filter(new Give(interval))
          .sinkTo(new DiscardingSink<>());
    }
    Job.report();
    environment.execute("bars");
    Job.done();
    System.exit(0);
  }

  private static Configuration configuration() {
    Configuration configuration = new Configuration();
    configuration.set(RestOptions.BIND_ADDRESS, "127.0.0.1");
    configuration.set(RestOptions.BIND_PORT, "0");
    configuration.setString("pipeline.generic-types", "false");
    configuration.setString("taskmanager.memory.network.min", "64mb");
    configuration.setString("taskmanager.memory.network.max", "64mb");
    configuration.setString("taskmanager.memory.managed.size", "64mb");
    return configuration;
  }

  /** Records that are no ticks read as null, which the source passes over. */
  private static final class TickReader implements DeserializationSchema<Tick> {
    private final boolean byHand;

    TickReader(boolean byHand) {
      this.byHand = byHand;
    }

    @Override
    public Tick deserialize(byte[] json) throws IOException {
      Tick tick = byHand ? Tick.byHand(json) : Tick.byJackson(json);
      if (tick != null) Job.read();
      return tick;
    }

    @Override
    public boolean isEndOfStream(Tick tick) {
      return false;
    }

    @Override
    public TypeInformation<Tick> getProducedType() {
      return Types.POJO(Tick.class);
    }
  }

  private static final class Add implements AggregateFunction<Tick, Bar, Bar> {
    @Override
    public Bar createAccumulator() {
      return new Bar();
    }

    @Override
    public Bar add(Tick tick, Bar bar) {
      return bar.add(tick);
    }

    @Override
    public Bar getResult(Bar bar) {
      return bar;
    }

    @Override
    public Bar merge(Bar one, Bar other) {
      throw new UnsupportedOperationException("tumbling windows do not merge");
    }
  }

  private static final class Close extends ProcessWindowFunction<Bar, Bar, String, TimeWindow> {
    @Override
    public void process(String symbol, Context context, Iterable<Bar> bars, Collector<Bar> out) {
      Bar bar = bars.iterator().next();
      bar.symbol = symbol;
      bar.startMs = context.window().getStart();
      out.collect(bar);
    }
  }

  /** Takes the bars, and lets none through. */
  private static final class Give implements FilterFunction<Bar> {
    private final String interval;

    Give(String interval) {
      this.interval = interval;
    }

    @Override
    public boolean filter(Bar bar) {
      Job.give(bar, interval);
      return false;
    }
  }
}
