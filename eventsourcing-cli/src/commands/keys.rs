//! `keys`: with which keys, ciphers and compressors states are stored.

use std::collections::BTreeMap;

use eventsourcing::codec::{StateDictionary, StateInfo};
use eventsourcing::{Notification, StoredEvent, Uuid};
use serde::Serialize;

use crate::arguments::Keys;
use crate::escape::Safe;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::notices::note;
use crate::output::{Output, grouped};
use crate::place::Place;
use crate::progress::Progress;
use crate::scan::Pages;
use crate::table::Columns;

/// The number of consecutive events that are read of a sample.
const BLOCK: u64 = 100;

/// States that are stored alike; the fields of the JSON line.
#[derive(Serialize)]
struct Alike {
    stored: String,
    cipher: Option<String>,
    /// The fingerprint of the key, in hexadecimal.
    key_id: Option<String>,
    compressor: Option<String>,
    dictionary: Option<u32>,
    events: u64,
    stored_bytes: u64,
    json_bytes: u64,
    first_position: u64,
    last_position: u64,
    /// Why states of this kind cannot be opened with the configured key.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) async fn run(place: &Place, keys: &Keys, output: &mut Output) -> Result<Outcome, Failure> {
    let interrupt = Interrupt::listen();
    let last = place.last().await?;
    let up_to = keys.up_to.unwrap_or(last).min(last);
    let after = keys.after.unwrap_or(0).min(up_to);
    let is_range = keys.after.is_some() || keys.up_to.is_some();
    let mut alike: BTreeMap<String, Alike> = BTreeMap::new();
    let mut looked = 0_u64;
    {
        let blocks = if is_range { vec![(after, up_to)] } else { sample(last, keys.sample) };
        let progress = Progress::new("reading", blocks.iter().map(|(after, up_to)| up_to - after).sum());
        'blocks: for (after, up_to) in blocks {
            let mut pages = Pages::new(place, after, up_to);
            loop {
                let page = pages.next().await?;
                if page.is_empty() {
                    break;
                }
                if interrupt.is_asked() {
                    break 'blocks;
                }
                for event in &page {
                    add(&mut alike, place, event);
                    looked += 1;
                    progress.add(1);
                }
            }
        }
    }
    if output.is_json {
        alike.values().try_for_each(|alike| output.json(alike))?;
    } else if !alike.is_empty() {
        table(&alike).into_iter().try_for_each(|line| output.line(line))?;
    }
    if let Some(now) = of_new_events(place) {
        note(format!("new events are stored as {now}, by these environment variables"));
    }
    let of = format!("{} of {} events", grouped(looked), grouped(last));
    note(match is_range {
        true => format!("looked at {of}, positions {} to {up_to}", after + 1),
        false if looked >= last => format!("looked at {of}"),
        false => format!("looked at {of}, spread over the log; --after and --up-to look at all events of a range"),
    });
    for alike in alike.values().filter(|alike| alike.error.is_some()) {
        note(format!("{}: {}", alike.stored, alike.error.as_deref().unwrap_or_default()));
    }
    Ok(Outcome::healthy(alike.values().all(|alike| alike.error.is_none())))
}

/// Blocks that are spread evenly over the log, or the whole log if it is short.
fn sample(last: u64, events: u64) -> Vec<(u64, u64)> {
    if last <= events {
        return vec![(0, last)];
    }
    let block = BLOCK.min(events);
    let blocks = (events / block).max(2);
    (0..blocks)
        .map(|place| {
            let after = u128::from(last - block) * u128::from(place) / u128::from(blocks - 1);
            let after = u64::try_from(after).unwrap_or(last - block);
            (after, after + block)
        })
        .collect()
}

fn add(alike: &mut BTreeMap<String, Alike>, place: &Place, event: &Notification) {
    let info = place.application().mapper().inspect(&event.state, event.checksum);
    let stored = info.form.to_string();
    let group = alike.entry(stored.clone()).or_insert_with(|| Alike::new(stored, &info, event.id));
    let bytes = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
    group.events += 1;
    group.stored_bytes += bytes(info.stored_len);
    group.json_bytes += bytes(info.json_len.unwrap_or(info.stored_len));
    group.last_position = event.id;
    if group.error.is_none() {
        group.error = info.obstacle.map(|obstacle| obstacle.to_string());
    }
}

impl Alike {
    fn new(stored: String, info: &StateInfo, position: u64) -> Self {
        let (cipher, compressor) = (info.cipher(), info.compressor());
        let named = |name: Option<&str>, id: u8| name.map_or_else(|| id.to_string(), str::to_owned);
        let dictionary = match compressor.map(|compressor| compressor.dictionary) {
            Some(StateDictionary::Id(id)) => Some(id),
            _ => None,
        };
        Self {
            stored,
            cipher: cipher.map(|cipher| named(cipher.name, cipher.id)),
            key_id: cipher.map(|cipher| format!("{:08x}", cipher.key_id)),
            compressor: compressor.map(|compressor| named(compressor.name, compressor.id)),
            dictionary,
            events: 0,
            stored_bytes: 0,
            json_bytes: 0,
            first_position: position,
            last_position: position,
            error: None,
        }
    }
}

/// How the configured mapper stores a state, found by storing nothing.
fn of_new_events(place: &Place) -> Option<String> {
    let event = StoredEvent::new(Uuid::nil(), 1, "", Vec::new(), Uuid::nil());
    let mapper = place.application().mapper();
    // long enough to be worth compressing
    let json = format!(r#"{{"timestamp":"2026-01-01T00:00:00Z","a":"{}"}}"#, "a".repeat(400));
    let (state, checksum) = mapper.seal(&event.location(), json.into_bytes()).ok()?;
    Some(mapper.inspect(&state, checksum).form.to_string())
}

fn table(alike: &BTreeMap<String, Alike>) -> Vec<String> {
    let mut table = Columns::new(&["stored as", "events", "bytes", "JSON", "first", "last", "readable"], 1);
    for alike in alike.values() {
        table.row(vec![
            Safe(&alike.stored).to_string(),
            grouped(alike.events),
            grouped(alike.stored_bytes),
            grouped(alike.json_bytes),
            alike.first_position.to_string(),
            alike.last_position.to_string(),
            if alike.error.is_none() { "yes" } else { "NO" }.to_owned(),
        ]);
    }
    table.lines()
}

#[cfg(test)]
mod tests {
    use super::sample;

    #[test]
    fn a_sample_has_the_first_and_the_last_events() {
        assert_eq!(sample(7, 1_000), [(0, 7)]);
        let blocks = sample(10_000_000, 10_000);
        assert_eq!((blocks.len(), blocks[0], blocks[99]), (100, (0, 100), (9_999_900, 10_000_000)));
        assert!(blocks.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{blocks:?}");
        assert_eq!(sample(50, 3), [(0, 3), (47, 50)]);
    }
}
