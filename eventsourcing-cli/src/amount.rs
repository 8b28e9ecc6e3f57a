//! Amounts as people read and give them: durations, sizes, and limits of a lag.

use std::time::Duration;

use jiff::SignedDuration;

use crate::failure::Failure;
use crate::output::counted;

/// Returns a duration in its two largest units, such as `2h 5m`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{:.1}s", duration.as_secs_f64()),
        1..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// Returns a number of bytes in the largest unit that leaves more than one of it.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, of) in UNITS {
        if bytes >= of {
            let tenths = u128::from(bytes) * 10 / u128::from(of);
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} bytes")
}

/// How far a consumer may be behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Events(u64),
    Time(Duration),
}

impl Limit {
    /// Reads a number of events, or a duration such as 30s.
    pub(crate) fn read(value: &str) -> Result<Self, Failure> {
        if let Ok(events) = value.parse() {
            return Ok(Self::Events(events));
        }
        let duration = value.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
        duration.map(Self::Time).ok_or_else(|| Failure::Limit { value: value.to_owned() })
    }

    /// Whether a lag is beyond the limit; a lag that is not known is.
    pub(crate) fn is_exceeded(self, events: Option<u64>, waiting: Option<Duration>) -> bool {
        match self {
            Self::Events(most) => events.is_none_or(|events| events > most),
            Self::Time(longest) => waiting.is_none_or(|waiting| waiting > longest),
        }
    }

    pub(crate) fn shown(self) -> String {
        match self {
            Self::Events(most) => counted(most, "event"),
            Self::Time(longest) => self::duration(longest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_one_or_two_units() {
        let shown = [0.25, 7.0, 65.0, 7_500.0, 90_000.0].map(|seconds| duration(Duration::from_secs_f64(seconds)));
        assert_eq!(shown, ["0.2s", "7s", "1m 5s", "2h 5m", "1d 1h"]);
        assert_eq!([0, 1_023, 1_536, 5 << 30].map(size), ["0 bytes", "1023 bytes", "1.5 KiB", "5.0 GiB"]);
    }

    #[test]
    fn a_lag_that_is_not_known_is_beyond_each_limit() {
        let limit = |value: &str| Limit::read(value).ok();
        assert_eq!(limit("12"), Some(Limit::Events(12)));
        assert_eq!(limit("1m"), Some(Limit::Time(Duration::from_secs(60))));
        assert_eq!((limit("soon"), limit("-1s")), (None, None));
        assert!(Limit::Events(9).is_exceeded(None, None) && Limit::Time(Duration::MAX).is_exceeded(Some(1), None));
        assert!(!Limit::Events(9).is_exceeded(Some(9), None) && Limit::Events(9).is_exceeded(Some(10), None));
    }
}
