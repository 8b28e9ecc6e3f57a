//! Times as the pages show them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Returns the day and the time in UTC, such as `28 Nov 14:04:09.118`. A list needs no more.
pub(crate) fn short(time: Timestamp) -> String {
    shown(time, "%-d %b %H:%M:%S%.3f")
}

/// Returns the time in UTC with all recorded digits, such as `28 Nov 2026, 14:04:09.090412`.
pub(crate) fn long(time: Timestamp) -> String {
    shown(time, "%-d %b %Y, %H:%M:%S%.6f")
}

/// Returns the time in UTC as a form takes it, such as `2026-11-28 14:04:09.090412`.
pub(crate) fn field(time: Timestamp) -> String {
    shown(time, "%Y-%m-%d %H:%M:%S%.6f")
}

/// Reads a time: with an offset, or in UTC without one, such as `2026-11-28 14:04`. A day alone is its first moment.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // a number alone is a position, and no year
    if !text.contains(['-', ':']) {
        return None;
    }
    let without_offset = || TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    text.parse().ok().or_else(without_offset)
}

fn shown(time: Timestamp, format: &str) -> String {
    time.strftime(format).to_string()
}

/// Returns how long ago a time is, such as `2 s ago`. A time that is yet to come is `just now`: clocks differ.
pub(crate) fn ago(time: Timestamp, now: Timestamp) -> String {
    match now.as_second() - time.as_second() {
        ..1 => "just now".to_owned(),
        seconds => format!("{} ago", span(seconds)),
    }
}

/// Returns a number of seconds in its largest unit.
pub(crate) fn span(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        86_400..63_072_000 => format!("{} d", seconds / 86_400),
        _ => format!("{} y", seconds / 31_536_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_utc() {
        let time: Timestamp = "2026-11-28T15:04:09.090412+01:00".parse().expect("a time");
        assert_eq!(short(time), "28 Nov 14:04:09.090");
        assert_eq!(long(time), "28 Nov 2026, 14:04:09.090412");
    }

    #[test]
    fn times_are_read_with_an_offset_or_in_utc() {
        let time = "2026-11-28T14:04:09.090412Z".parse::<Timestamp>().ok();
        assert_eq!(read("2026-11-28T15:04:09.090412+01:00"), time);
        assert_eq!(read("2026-11-28 14:04:09.090412"), time);
        assert_eq!(time.map(field).as_deref().and_then(read), time);
        assert_eq!(read(" 2026-11-28T14:04 "), "2026-11-28T14:04:00Z".parse().ok());
        assert_eq!(read("2026-11-28"), "2026-11-28T00:00:00Z".parse().ok());
        for text in ["", "20261128", "2026", "Order.Placed", "2026-13-01", "-", "67e55044-10b1-426f-9247-bb680e5fe0c8"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn spans_are_in_their_largest_unit() {
        assert_eq!([5, 65, 7_200, 200_000, 100_000_000].map(span), ["5 s", "1 min", "2 h", "2 d", "3 y"]);
    }
}
