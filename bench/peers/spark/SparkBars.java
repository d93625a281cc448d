import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.first;
import static org.apache.spark.sql.functions.from_json;
import static org.apache.spark.sql.functions.last;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.max_by;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.min_by;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.timestamp_millis;
import static org.apache.spark.sql.functions.unix_millis;
import static org.apache.spark.sql.functions.window;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.StateOperatorProgress;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryProgress;
import org.apache.spark.sql.streaming.Trigger;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The bars by Spark Structured Streaming as it is usually written: from_json, withWatermark, groupBy(window, symbol), a query for each
 * interval. BENCH_OPEN_CLOSE is `arrival` for first() and last(), the usual and cheaper way, or `event-time` for min_by() and max_by().
 */
public final class SparkBars {
  private static final String CORES = Job.text("BENCH_CORES", "2");
  private static final StructType TICK =
      new StructType()
          .add("kind", DataTypes.StringType)
          .add("symbol", DataTypes.StringType)
          .add("price", DataTypes.DoubleType)
          .add("dayVolume", DataTypes.DoubleType)
          .add("timeMs", DataTypes.LongType);

  public static void main(String[] args) throws Exception {
    Path scratch = Files.createTempDirectory("bench-spark");
    SparkSession spark = session(scratch);
    Dataset<Row> ticks = ticks(spark);
    List<StreamingQuery> queries = new ArrayList<>();
    for (String interval : Job.INTERVALS) queries.add(query(ticks, interval, scratch));
    watch(queries);
    Job.done();
    spark.stop();
    try (Stream<Path> files = Files.walk(scratch)) {
      files.map(Path::toFile).sorted(Comparator.reverseOrder()).forEach(File::delete);
    }
    System.exit(0);
  }

  private static SparkSession session(Path scratch) {
    SparkSession spark =
        SparkSession.builder()
            .master("local[" + CORES + "]")
            .appName("bars")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.local.dir", scratch.toString())
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", CORES)
            .getOrCreate();
    spark.sparkContext().setLogLevel("ERROR");
    return spark;
  }

  private static Dataset<Row> ticks(SparkSession spark) {
    return spark
        .readStream()
        .format("kafka")
        .option("kafka.bootstrap.servers", Job.BROKERS)
        .option("subscribe", Job.TOPIC)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", Job.text("BENCH_BATCH", "1000000"))
        .load()
        .select(from_json(col("value").cast("string"), TICK).alias("tick"), col("offset"))
        .where(col("tick.kind").equalTo("tick"))
        .select(col("tick.symbol"), col("tick.price"), col("tick.dayVolume"), timestamp_millis(col("tick.timeMs")).alias("time"), col("offset"))
        .withWatermark("time", "2 seconds");
  }

  private static StreamingQuery query(Dataset<Row> ticks, String interval, Path scratch) throws Exception {
    boolean byEventTime = Job.text("BENCH_OPEN_CLOSE", "arrival").equals("event-time");
    Column order = struct(col("time"), col("offset"));
    Column open = byEventTime ? min_by(col("price"), order) : first(col("price"));
    Column close = byEventTime ? max_by(col("price"), order) : last(col("price"));
    Dataset<Row> bars =
        ticks
            .groupBy(window(col("time"), interval.equals("1m") ? "1 minute" : "1 second"), col("symbol"))
            .agg(open.alias("open"), max("price").alias("high"), min("price").alias("low"), close.alias("close"), count(lit(1)).alias("count"))
            .select(col("symbol"), unix_millis(col("window.start")).alias("startMs"), col("open"), col("high"), col("low"), col("close"), col("count"));
    DataStreamWriter<Row> writer =
        bars.writeStream()
            .outputMode("append")
            .option("checkpointLocation", scratch.resolve("checkpoint-" + interval).toString())
            .trigger(Trigger.AvailableNow());
    if (Job.OUTPUT.isEmpty()) return writer.format("noop").start();
    VoidFunction2<Dataset<Row>, Long> write = (rows, batch) -> {
      for (Row row : rows.collectAsList()) {
        Job.write(row.getString(0) + "," + interval + "," + row.getLong(1) + "," + row.getDouble(2) + "," + row.getDouble(3) + ","
            + row.getDouble(4) + "," + row.getDouble(5) + "," + row.getLong(6));
      }
    };
    return writer.foreachBatch(write).start();
  }

  /** Says how far the queries are on the whole: each reads all ticks. */
  private static void watch(List<StreamingQuery> queries) throws Exception {
    Map<String, Long> rows = new HashMap<>();
    Map<String, Long> given = new HashMap<>();
    long last = 0;
    for (boolean active = true; active; Thread.sleep(100)) {
      active = queries.stream().anyMatch(StreamingQuery::isActive);
      for (StreamingQuery query : queries) {
        if (query.exception().isDefined()) throw query.exception().get();
        for (StreamingQueryProgress progress : query.recentProgress()) {
          String batch = query.id() + "/" + progress.batchId();
          rows.put(batch, progress.numInputRows());
          long removed = 0;
          for (StateOperatorProgress operator : progress.stateOperators()) removed += operator.numRowsRemoved();
          given.put(batch, removed);
        }
      }
      long ticks = rows.values().stream().mapToLong(Long::longValue).sum() / queries.size();
      if (ticks > last) System.out.println("progress " + ticks);
      last = ticks;
    }
    Job.BARS.add(given.values().stream().mapToLong(Long::longValue).sum());
  }
}
