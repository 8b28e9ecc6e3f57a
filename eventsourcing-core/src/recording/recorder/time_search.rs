//! The last event that was recorded before a time, found by a search over the ids.

use jiff::Timestamp;

use super::Recorder;
use crate::recording::RecorderError;

/// The number of events whose times are read in one call while a position is searched.
const PROBES: u64 = 16;

/// Returns the last notification id whose event was recorded before a time; 0 if there is none.
///
/// Times are ordered as ids are, so few of them are read. A stretch of events without known times counts as recorded before those after it.
pub(super) async fn last_id_before<R: Recorder + ?Sized>(recorder: &R, time: Timestamp) -> Result<u64, RecorderError> {
    let Some(last) = recorder.max_notification_id().await? else { return Ok(0) };
    // the event at `low` was recorded before the time, and that at `high` was not
    let (mut low, mut high) = (0, last.saturating_add(1));
    while high - low > 1 {
        let probes = between(low, high);
        let mut known = recorder.select_recorded_times(&probes).await?;
        known.sort_unstable_by_key(|one| one.notification_id);
        if known.is_empty() {
            low = probes.last().copied().unwrap_or(high - 1);
        }
        for one in known {
            if one.time >= time {
                high = one.notification_id;
                break;
            }
            low = one.notification_id;
        }
    }
    Ok(low)
}

/// Returns ids at equal distances between two ids, or all of them if they are few.
fn between(low: u64, high: u64) -> Vec<u64> {
    let step = ((high - low) / (PROBES + 1)).max(1);
    (1..=PROBES).map(|place| low + place * step).take_while(|id| *id < high).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_lie_between_their_bounds_and_the_last_is_near_the_upper_one() {
        for (low, high) in [(0, 2), (0, 17), (3, 19), (0, 18), (5, 10_000_000), (u64::MAX - 3, u64::MAX)] {
            let probes = between(low, high);
            assert!(!probes.is_empty() && probes.iter().all(|id| (low + 1..high).contains(id)), "{low} to {high}");
            assert!(probes.is_sorted() && high - probes[probes.len() - 1] <= (high - low) / 8 + 1, "{low} to {high}");
        }
        assert_eq!(between(3, 9), [4, 5, 6, 7, 8]);
    }
}
