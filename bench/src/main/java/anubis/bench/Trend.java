package anubis.bench;

import java.util.List;

/**
 * The straight line through measurements (least squares).
 *
 * @param slope per unit of time
 * @param first its height at the first measurement
 * @param last its height at the last
 */
record Trend(double slope, double first, double last) {
    record Point(double time, double value) {}

    /** Needs points of two different times at least. */
    static Trend of(List<Point> points) {
        double time = points.stream().mapToDouble(Point::time).average().orElseThrow();
        double value = points.stream().mapToDouble(Point::value).average().orElseThrow();
        double covariance = points.stream()
                .mapToDouble(point -> (point.time() - time) * (point.value() - value))
                .sum();
        double variance = points.stream()
                .mapToDouble(point -> (point.time() - time) * (point.time() - time))
                .sum();
        double slope = covariance / variance;
        return new Trend(
                slope,
                value + slope * (points.getFirst().time() - time),
                value + slope * (points.getLast().time() - time));
    }
}
