/** A bar in the making; its open and close are those of the smallest and largest event time, of equal ones the first and last to arrive. */
public class Bar {
  public String symbol;
  public long startMs;
  public double open, high, low, close;
  public long openMs, closeMs;
  public int count;

  public Bar() {}

  public Bar add(Tick tick) {
    double price = tick.price;
    if (count == 0) {
      open = high = low = close = price;
      openMs = closeMs = tick.timeMs;
    } else {
      if (price > high) high = price;
      if (price < low) low = price;
      if (tick.timeMs < openMs) {
        openMs = tick.timeMs;
        open = price;
      }
      if (tick.timeMs >= closeMs) {
        closeMs = tick.timeMs;
        close = price;
      }
    }
    count++;
    return this;
  }

  /** The line that the comparison reads. */
  public String line(String interval) {
    return symbol + "," + interval + "," + startMs + "," + open + "," + high + "," + low + "," + close + "," + count;
  }
}
