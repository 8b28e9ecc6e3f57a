//! Times: how they are shown, and how one is given on the command line.

use eventsourcing::Timestamp;
use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::failure::Failure;

/// The time zone of the times that are shown and given.
#[derive(Clone, Debug)]
pub(crate) struct Zone(TimeZone);

impl Zone {
    pub(crate) fn new(is_local: bool) -> Self {
        Self(if is_local { TimeZone::system() } else { TimeZone::UTC })
    }

    /// Returns a time with microseconds and the offset of the zone.
    pub(crate) fn show(&self, time: Timestamp) -> String {
        let zoned = time.to_zoned_datetime(self.0.clone());
        let format = if self.0 == TimeZone::UTC { "%Y-%m-%d %H:%M:%S.%6fZ" } else { "%Y-%m-%d %H:%M:%S.%6f%:z" };
        zoned.strftime(format).to_string()
    }

    /// Reads a time: a timestamp, a date in this zone, or a duration before now.
    pub(crate) fn read(&self, value: &str) -> Result<Timestamp, Failure> {
        let unreadable = || Failure::Time { value: value.to_owned() };
        if let Ok(time) = value.parse::<Timestamp>() {
            return Ok(time);
        }
        if let Ok(date) = value.parse::<Date>() {
            return date.to_zoned_datetime(self.0.clone()).map(|zoned| zoned.timestamp()).map_err(|_| unreadable());
        }
        let before: SignedDuration = value.parse().map_err(|_| unreadable())?;
        Timestamp::now().checked_sub(before.abs()).map_err(|_| unreadable())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_given_in_three_ways() {
        let zone = Zone::new(false);
        let shown = |value: &str| zone.read(value).map(|time| zone.show(time)).map_err(|error| error.to_string());
        assert_eq!(shown("2026-11-30T08:00:00.25+02:00").as_deref(), Ok("2026-11-30 06:00:00.250000Z"));
        assert_eq!(shown("2026-11-30").as_deref(), Ok("2026-11-30 00:00:00.000000Z"));
        assert!(zone.read("2h").is_ok_and(|time| time < Timestamp::now()));
        assert!(shown("yesterday").is_err_and(|error| error.contains("`yesterday` is no time")));
    }
}
