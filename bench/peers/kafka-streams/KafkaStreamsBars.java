import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.state.WindowStore;

/** The bars by Kafka Streams as its documentation teaches it: windows in RocksDB with a changelog, final results only, one thread. */
public final class KafkaStreamsBars {
  public static void main(String[] args) throws Exception {
    Path state = Files.createTempDirectory("bench-kafka-streams");
    KafkaStreams streams = new KafkaStreams(topology().build(), properties(state));
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      System.exit(1);
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    streams.start();
    Job.report();
    while (Job.ticksRead() < Job.TICKS) Thread.sleep(20);
    // The last windows that are closed are given out a moment later; while it is measured nobody waits for them.
    if (!Job.OUTPUT.isEmpty()) Thread.sleep(3_000);
    Job.done();
    streams.close(Duration.ofSeconds(20));
    remove(state);
    System.exit(0);
  }

  private static StreamsBuilder topology() {
    Serde<Tick> ticks = Serdes.serdeFrom((Serializer<Tick>) (topic, tick) -> null, (Deserializer<Tick>) (topic, json) -> Tick.byJackson(json));
    TimestampExtractor eventTime = (entry, before) -> entry.value() == null ? Math.max(0, before) : ((Tick) entry.value()).timeMs;
    StreamsBuilder builder = new StreamsBuilder();
    KGroupedStream<String, Tick> bySymbol =
        builder.stream(Job.TOPIC, Consumed.with(Serdes.String(), ticks).withTimestampExtractor(eventTime))
            .filter((symbol, tick) -> tick != null)
            .peek((symbol, tick) -> Job.read())
            .groupByKey(Grouped.with(Serdes.String(), ticks));
    for (String interval : Job.INTERVALS) {
      // In a catch-up stream time runs far ahead of the emission, so windows have to outlive their grace.
      Materialized<String, Bar, WindowStore<Bytes, byte[]>> store =
          Materialized.<String, Bar, WindowStore<Bytes, byte[]>>as("bars-" + interval)
              .withKeySerde(Serdes.String())
              .withValueSerde(barSerde())
              .withRetention(Duration.ofMinutes(10));
      bySymbol
          .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(Job.millis(interval)), Duration.ofSeconds(2)))
          .emitStrategy(EmitStrategy.onWindowClose())
          .aggregate(Bar::new, (symbol, tick, bar) -> bar.add(tick), store)
          .toStream()
          .foreach((key, bar) -> {
            bar.symbol = key.key();
            bar.startMs = key.window().start();
            Job.give(bar, interval);
          });
    }
    return builder;
  }

  private static Properties properties(Path state) {
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "bench-kafka-streams-" + System.currentTimeMillis());
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, Job.BROKERS);
    properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    properties.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    // Results come out once a second by default; for the comparison at once, so that the last ones are not missing.
    if (!Job.OUTPUT.isEmpty()) properties.put("__emit.interval.ms.kstreams.windowed.aggregation__", 0L);
    return properties;
  }

  private static Serde<Bar> barSerde() {
    Serializer<Bar> serializer = (topic, bar) -> bar == null ? null : ByteBuffer.allocate(52)
        .putDouble(bar.open).putDouble(bar.high).putDouble(bar.low).putDouble(bar.close)
        .putLong(bar.openMs).putLong(bar.closeMs).putInt(bar.count).array();
    Deserializer<Bar> deserializer = (topic, bytes) -> {
      if (bytes == null) return null;
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      Bar bar = new Bar();
      bar.open = buffer.getDouble();
      bar.high = buffer.getDouble();
      bar.low = buffer.getDouble();
      bar.close = buffer.getDouble();
      bar.openMs = buffer.getLong();
      bar.closeMs = buffer.getLong();
      bar.count = buffer.getInt();
      return bar;
    };
    return Serdes.serdeFrom(serializer, deserializer);
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }
}
