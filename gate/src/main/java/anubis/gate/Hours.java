package anubis.gate;

import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * When a peer may be up: on some days of the week, from a time to a time. If the second is not later it is of the next
 * day: from 22:00 to 06:00, or from 00:00 to 00:00 for the whole day.
 */
public record Hours(Set<DayOfWeek> days, LocalTime from, LocalTime to, ZoneId zone) {
    private static final String FORM =
            "hours are like \"Mon-Fri 08:00-18:00 Europe/Berlin\" or \"Sat,Sun 22:00-06:00 UTC\"";

    /** Refuses, by an {@link IllegalArgumentException}, hours of no day. */
    public Hours {
        days = Set.copyOf(days);
        if (days.isEmpty()) {
            throw new IllegalArgumentException("hours have at least a day");
        }
    }

    /**
     * Hours as {@link #toString} writes them: {@code Mon-Fri 08:00-18:00 Europe/Berlin}. Several days or ranges of days are
     * separated by commas; {@code 24:00} is the end of a day.
     *
     * @throws IllegalArgumentException if it is not that; the message says what is, and what would be right
     */
    public static Hours parse(String text) {
        String[] words = text.strip().split(" +", -1);
        if (words.length != 3) {
            throw new IllegalArgumentException("not days, times and a time zone; " + FORM);
        }
        String[] times = words[1].split("-", -1);
        if (times.length != 2) {
            throw new IllegalArgumentException("'" + words[1] + "' is not from a time to a time; " + FORM);
        }
        try {
            String end = times[1].equals("24:00") ? "00:00" : times[1];
            return new Hours(days(words[0]), LocalTime.parse(times[0]), LocalTime.parse(end), ZoneId.of(words[2]));
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(e.getMessage() + "; " + FORM, e);
        }
    }

    private static Set<DayOfWeek> days(String text) {
        Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
        for (String range : text.split(",", -1)) {
            String[] ends = range.split("-", 2);
            DayOfWeek last = day(ends[ends.length - 1]);
            for (DayOfWeek day = day(ends[0]); ; day = day.plus(1)) {
                days.add(day);
                if (day == last) {
                    break;
                }
            }
        }
        return days;
    }

    private static DayOfWeek day(String text) {
        return Arrays.stream(DayOfWeek.values())
                .filter(day -> name(day).equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no day '" + text + "'; " + FORM));
    }

    private static String name(DayOfWeek day) {
        return day.name().charAt(0) + day.name().substring(1, 3).toLowerCase(Locale.ROOT);
    }

    /** When the hours end in which {@code now} lies; nothing outside of them. */
    public Optional<Instant> end(Instant now) {
        LocalDate today = LocalDate.ofInstant(now, zone);
        Optional<Instant> since = endOf(today, now);
        return since.isPresent() ? since : endOf(today.minusDays(1), now);
    }

    private Optional<Instant> endOf(LocalDate day, Instant now) {
        if (!days.contains(day.getDayOfWeek())) {
            return Optional.empty();
        }
        Instant begin = ZonedDateTime.of(day, from, zone).toInstant();
        Instant end = ZonedDateTime.of(to.isAfter(from) ? day : day.plusDays(1), to, zone)
                .toInstant();
        return now.isBefore(begin) || !now.isBefore(end) ? Optional.empty() : Optional.of(end);
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        List<String> ranges = new ArrayList<>();
        List<DayOfWeek> ordered = days.stream().sorted().toList();
        int from = 0;
        for (int i = 0; i < ordered.size(); i++) {
            boolean goesOn = i + 1 < ordered.size()
                    && ordered.get(i + 1).getValue() == ordered.get(i).getValue() + 1;
            if (!goesOn) {
                String first = name(ordered.get(from));
                ranges.add(from == i ? first : first + (i == from + 1 ? "," : "-") + name(ordered.get(i)));
                from = i + 1;
            }
        }
        return String.join(",", ranges) + " " + this.from + "-" + to + " " + zone;
    }
}
