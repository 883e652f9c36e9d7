package anubis.gate;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Optional;
import java.util.Set;

/**
 * When a peer may be up: on some days of the week, from a time to a time. If the second is not later it is of the next
 * day: from 22:00 to 06:00, or from 00:00 to 00:00 for the whole day.
 */
public record Hours(Set<DayOfWeek> days, LocalTime from, LocalTime to, ZoneId zone) {
    public Hours {
        days = Set.copyOf(days);
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
}
