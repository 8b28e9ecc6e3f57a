//! `dictionaries`: which ones there are, and training of a new one.

use serde::Serialize;

use crate::arguments::{Dictionaries, Train};
use crate::confirm::confirm;
use crate::failure::{Failure, Outcome};
use crate::notices::note;
use crate::output::{Output, grouped};
use crate::place::Place;
use crate::progress::Progress;
use crate::table::Columns;

/// The fields of the JSON line of a dictionary.
#[derive(Serialize)]
struct DictionaryJson {
    id: u32,
    stored_bytes: usize,
    encrypted: bool,
    in_use: bool,
}

/// The fields of the JSON line about the training.
#[derive(Serialize)]
struct Trained {
    trained: Option<u32>,
    bytes: usize,
    samples: usize,
    ratio_before: f64,
    ratio_after: f64,
}

pub(super) async fn run(place: &Place, dictionaries: &Dictionaries, output: &mut Output) -> Result<Outcome, Failure> {
    match dictionaries {
        Dictionaries::List => list(place, output).await,
        Dictionaries::Train(options) => train(place, options, output).await,
    }
}

async fn list(place: &Place, output: &mut Output) -> Result<Outcome, Failure> {
    let in_use = place.application().mapper().dictionary_in_use();
    let stored = place.recorder().select_dictionaries(0).await?;
    let mut table = Columns::new(&["dictionary", "bytes", "encrypted", "new events"], 0);
    for dictionary in &stored {
        let (encrypted, is_in_use) = (dictionary.checksum.is_none(), in_use == Some(dictionary.id));
        let (id, stored_bytes) = (dictionary.id, dictionary.bytes.len());
        if output.is_json {
            output.json(&DictionaryJson { id, stored_bytes, encrypted, in_use: is_in_use })?;
            continue;
        }
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let bytes = grouped(stored_bytes.try_into().unwrap_or(u64::MAX));
        table.row(vec![id.to_string(), bytes, yes(encrypted), yes(is_in_use)]);
    }
    if stored.is_empty() {
        note("there is no dictionary; `dictionaries train` makes one of the log, if states are compressed with zstd");
    } else if !output.is_json {
        table.lines().into_iter().try_for_each(|line| output.line(line))?;
    }
    Ok(Outcome::Fine)
}

async fn train(place: &Place, options: &Train, output: &mut Output) -> Result<Outcome, Failure> {
    let name = place.name();
    let kept = if place.application().mapper().has_cipher() { "encrypted" } else { "in clear" };
    confirm(
        &format!(
            "a dictionary trained on the log of {name} contains fragments of its events, is stored {kept}, and is never deleted; all \
             programs that have the application open use it for new events"
        ),
        "train",
        options.yes,
    )?;
    let progress = Progress::uncounted("training");
    let trained = place.application().train_dictionary().await?;
    drop(progress);
    let (before, after) = (trained.ratio_before, trained.ratio_after);
    if output.is_json {
        let (bytes, samples) = (trained.len, trained.samples);
        output.json(&Trained { trained: trained.id, bytes, samples, ratio_before: before, ratio_after: after })?;
        return Ok(Outcome::Fine);
    }
    let samples = grouped(trained.samples.try_into().unwrap_or(u64::MAX));
    output.line(match trained.id {
        Some(id) => format!("dictionary {id} is stored and used for new events"),
        None => "no dictionary was stored, because the one in use is as good".to_owned(),
    })?;
    output.line(format_args!("events that it was not trained on are {after:.1} times smaller with it, {before:.1} times before; {samples} samples"))?;
    Ok(Outcome::Fine)
}
