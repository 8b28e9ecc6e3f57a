//! The storage of a policy's dead letters: other aggregates' events are handled without reading them, and old logs are migrated.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use eventsourcing::prelude::*;
use eventsourcing::recording::{
    Append, EventQuery, EventVisitor, LetterQuery, LogPosition, MemoryRecorder, NotificationQuery, StateLocation,
    StoredLetter,
};
use eventsourcing::{DeadLetterError, OnFailure};
use eventsourcing::{Notification, Recorder, RecorderError, StoredEvent, Tracking};

use super::{PATIENCE, common};

#[aggregate]
#[derive(Clone, Debug)]
struct Parcel {
    sent: u32,
}

#[aggregate]
impl Parcel {
    #[event("Packed")]
    fn pack() -> Self {
        Self { sent: 0 }
    }

    #[event("Sent")]
    fn send(&mut self, weight: u32) {
        self.sent = weight;
    }
}

#[aggregate]
#[derive(Clone, Debug)]
struct Invoice {
    weights: Vec<u32>,
}

#[aggregate]
impl Invoice {
    #[event("Written", id = id)]
    fn write(id: Uuid, weight: u32) -> Self {
        Self { weights: vec![weight] }
    }

    #[event("Extended")]
    fn extend(&mut self, weight: u32) {
        self.weights.push(weight);
    }
}

#[application(aggregates(Parcel))]
struct Depot;

#[application(aggregates(Invoice))]
struct Billing;

#[policy]
impl Billing {
    #[on]
    async fn sent(
        &self,
        event: &ParcelSent,
        context: &EventContext,
        work: &mut UnitOfWork,
    ) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if event.weight == 13 {
            return Err("nobody pays for 13".into());
        }
        if work.exists(context.originator_id).await? {
            let mut invoice: Invoice = work.get(context.originator_id).await?;
            invoice.extend(event.weight);
            return Ok(work.save(&mut invoice)?);
        }
        Ok(work.save(&mut Invoice::write(context.originator_id, event.weight))?)
    }
}

const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

const PARK: OnFailure = OnFailure::park(0, Duration::ZERO);

async fn send(depot: &Depot, weights: &[u32]) -> (Uuid, u64) {
    let mut parcel = Parcel::pack();
    weights.iter().for_each(|weight| parcel.send(*weight));
    let last = depot.save(&mut parcel).await.unwrap().last().unwrap().id;
    (parcel.id(), last)
}

async fn follow(billing: &Billing, depot: &Depot, last: u64) {
    let runner = billing.follow(depot).on_failure(PARK).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
}

type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A recorder that counts its reads, and runs a future right after the next read of events.
#[derive(Default)]
struct Watched {
    recorder: MemoryRecorder,
    /// The number of calls that read.
    calls: AtomicUsize,
    rows: AtomicUsize,
    meanwhile: Mutex<Option<Meanwhile>>,
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

impl Watched {
    fn counted<T>(&self, rows: Vec<T>) -> Vec<T> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows.len(), Ordering::Relaxed);
        rows
    }

    fn take(&self) -> (usize, usize) {
        (self.calls.swap(0, Ordering::Relaxed), self.rows.swap(0, Ordering::Relaxed))
    }
}

#[async_trait]
impl Recorder for Watched {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> std::result::Result<Vec<Notification>, RecorderError> {
        self.recorder.insert_events(events).await
    }

    async fn append(&self, append: Append) -> std::result::Result<Vec<Notification>, RecorderError> {
        self.recorder.append(append).await
    }

    async fn tracked_position(&self, upstream: &str) -> std::result::Result<LogPosition, RecorderError> {
        self.recorder.tracked_position(upstream).await
    }

    async fn select_events(&self, query: EventQuery) -> std::result::Result<Vec<StoredEvent>, RecorderError> {
        let events = self.recorder.select_events(query).await?;
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        Ok(self.counted(events))
    }

    async fn read_events(
        &self,
        query: EventQuery,
        visit: &mut EventVisitor<'_>,
    ) -> std::result::Result<(), RecorderError> {
        for event in self.select_events(query).await? {
            if visit(event.as_ref()).is_break() {
                break;
            }
        }
        Ok(())
    }

    async fn select_notifications(
        &self,
        query: NotificationQuery,
    ) -> std::result::Result<Vec<Notification>, RecorderError> {
        self.recorder.select_notifications(query).await
    }

    async fn max_notification_id(&self) -> std::result::Result<Option<u64>, RecorderError> {
        self.recorder.max_notification_id().await
    }

    async fn select_letters(&self, query: LetterQuery) -> std::result::Result<Vec<StoredLetter>, RecorderError> {
        Ok(self.counted(self.recorder.select_letters(query).await?))
    }

    async fn originators_with_letters(
        &self,
        upstream: &str,
        originators: &[Uuid],
    ) -> std::result::Result<Vec<Uuid>, RecorderError> {
        Ok(self.counted(self.recorder.originators_with_letters(upstream, originators).await?))
    }
}

#[tokio::test]
async fn events_of_others_are_handled_without_reading_the_letters_of_strangers() {
    let depot = Depot::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let recorder = Arc::new(Watched::default());
    let billing = Application::builder("Billing").recorder(Arc::clone(&recorder) as Arc<dyn Recorder>).open().unwrap();
    let billing = Billing::from(billing);
    let mut read = Vec::new();
    for letters in [0, 1_000] {
        let mut last = 0;
        for _ in 0..letters {
            (_, last) = send(&depot, &[13]).await;
        }
        follow(&billing, &depot, last).await;
        // by now it is known that no letters are to be carried over from an old log
        billing.dead_letters(&depot).count().await.unwrap();
        recorder.take();
        for _ in 0..20 {
            (_, last) = send(&depot, &[1]).await;
        }
        // one page of events, so that nothing depends on when it looks
        follow(&billing, &depot, last).await;
        read.push(recorder.take());
    }
    assert_eq!(read[0], read[1], "calls and rows, without letters and with a thousand of others");
    assert_eq!(recorder.recorder.count_letters("Depot").await.unwrap(), 1_000);
}

/// The dead letters of an old version of this library, which recorded them as an aggregate.
fn old_letters(billing: &Billing, letters: &[String], taken: &[u64]) -> Vec<StoredEvent> {
    let originator_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, b"eventsourcing.DeadLetters of Depot");
    let append_id = Uuid::new_v4();
    let event = |version, topic: &'static str, fields: String| {
        let json = format!(r#"{{"timestamp":"2026-11-20T10:00:00.000000Z",{fields}}}"#);
        let place = StateLocation::event(originator_id, version, topic);
        let (state, checksum) = billing.mapper().seal(&place, json.into_bytes()).unwrap();
        StoredEvent::new(originator_id, version, topic, &*state, append_id).with_checksum(checksum)
    };
    vec![
        event(1, "eventsourcing.DeadLetters.Parked", format!(r#""letters":[{}]"#, letters.join(","))),
        event(2, "eventsourcing.DeadLetters.TakenOut", format!(r#""notification_ids":{taken:?}"#)),
    ]
}

fn old_letter(id: u64, originator: Uuid, version: u64, reason: &str) -> String {
    format!(
        r#"{{"notification_id":{id},"originator_id":"{originator}","originator_version":{version},"topic":"Parcel.Sent","reason":{reason},"parked_at":"2026-11-20T10:00:00Z"}}"#
    )
}

#[tokio::test]
async fn letters_of_an_old_log_are_carried_over_once_in_each_database() {
    let folder = tempfile::tempdir().unwrap();
    let key = ("CIPHER_KEY".to_owned(), KEY.to_owned());
    let memory = vec![("PERSISTENCE_MODULE".to_owned(), "memory".to_owned())];
    let encrypted = [common::sqlite_file(&folder), vec![key]].concat();
    for (variables, is_kept) in
        [(memory, false), (common::sqlite_file(&folder), true), (encrypted, true), (common::postgres(), true)]
    {
        let depot = Depot::open_with(variables.clone()).await.unwrap();
        let (parcel, last) = send(&depot, &[13, 2, 3]).await;
        let mut billing = Billing::open_with(variables.clone()).await.unwrap();
        let letters = [
            old_letter(1, Uuid::nil(), 1, r#""it was taken out""#),
            old_letter(2, parcel, 2, r#""nobody pays for 13""#),
            old_letter(3, parcel, 3, "null"),
        ];
        let old = old_letters(&billing, &letters, &[1]);
        billing.recorder().insert_tracked(old, Tracking::new("Depot", 0, 3)).await.unwrap();

        // two at once, of which one does it
        let other = if is_kept {
            Billing::open_with(variables.clone()).await.unwrap()
        } else {
            Billing::from(Application::clone(&billing))
        };
        let (one, two) = (billing.dead_letters(&depot), other.dead_letters(&depot));
        let (one, two) = tokio::join!(one.list(0, 10), two.list(0, 10));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one, two);
        let found: Vec<_> = one.iter().map(|letter| (letter.notification_id, letter.reason.as_deref())).collect();
        assert_eq!(found, [(2, Some("nobody pays for 13")), (3, None)]);
        assert_eq!(billing.recorder().max_notification_id().await.unwrap(), Some(3), "one event says that it was done");

        // and they stand before later events of their aggregate, also when it opens again
        if is_kept {
            billing = Billing::open_with(variables).await.unwrap();
        }
        follow(&billing, &depot, last).await;
        let letters = billing.dead_letters(&depot);
        assert_eq!(letters.count().await.unwrap(), 3);
        letters.discard(2).await.unwrap();
        assert_eq!(letters.retry(parcel).await.unwrap(), 2);
        assert_eq!(billing.repository().get::<Invoice>(parcel).await.unwrap().weights, [2, 3]);
        assert_eq!(letters.count().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn dead_letters_that_another_process_migrates_are_not_migrated_twice() {
    let depot = Depot::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let (parcel, _) = send(&depot, &[13]).await;
    let recorder = Arc::new(Watched::default());
    let open = || {
        let recorder = Arc::clone(&recorder) as Arc<dyn Recorder>;
        Billing::from(Application::builder("Billing").recorder(recorder).open().unwrap())
    };
    let (billing, other) = (open(), open());
    let letters =
        [old_letter(1, Uuid::nil(), 1, r#""it was taken out""#), old_letter(2, parcel, 2, r#""nobody pays for 13""#)];
    let old = old_letters(&billing, &letters, &[1]);
    recorder.recorder.insert_tracked(old, Tracking::new("Depot", 0, 2)).await.unwrap();

    let others = other.dead_letters(&depot);
    *recorder.meanwhile.lock().unwrap() = Some(Box::pin(async move {
        assert_eq!(others.list(0, 10).await.unwrap().len(), 1);
    }));
    assert_eq!(billing.dead_letters(&depot).list(0, 10).await.unwrap().len(), 1);
    assert!(recorder.meanwhile.lock().unwrap().is_none(), "the other was first");
    assert_eq!(recorder.max_notification_id().await.unwrap(), Some(3), "one event says that it was done");
}

#[tokio::test]
async fn a_dead_letter_discarded_during_its_retry_is_no_handler_failure() {
    let depot = Depot::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let recorder = Arc::new(Watched::default());
    let open =
        |recorder: Arc<dyn Recorder>| Billing::from(Application::builder("Billing").recorder(recorder).open().unwrap());
    let (billing, other) = (open(recorder.clone()), open(Arc::new(recorder.recorder.clone())));
    let (parcel, last) = send(&depot, &[13, 2]).await;
    follow(&billing, &depot, last).await;
    let (letters, others) = (billing.dead_letters(&depot), other.dead_letters(&depot));
    let [refused, waiting] = letters.list(0, 10).await.unwrap().try_into().unwrap();
    letters.discard(refused.notification_id).await.unwrap();

    // after the letter was read, before what its handler loads
    *recorder.meanwhile.lock().unwrap() = Some(Box::pin(async move {
        others.discard(waiting.notification_id).await.unwrap();
    }));
    let error = letters.retry(parcel).await.unwrap_err();
    assert!(recorder.meanwhile.lock().unwrap().is_none(), "the other was first");
    assert!(matches!(error, DeadLetterError::NoneOf { .. }), "{error:?}");
    assert!(!billing.repository().exists(parcel).await.unwrap());
}

#[tokio::test]
async fn what_a_handler_said_is_encrypted_where_the_application_encrypts() {
    let folder = tempfile::tempdir().unwrap();
    let key = ("CIPHER_KEY".to_owned(), KEY.to_owned());
    let plain = common::sqlite_file(&folder);
    for (variables, is_legible) in [([plain.clone(), vec![key]].concat(), false), (plain, true)] {
        let depot = Depot::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
        let variables: Vec<_> = variables
            .into_iter()
            .map(|(name, value)| {
                (name.clone(), if name == "SQLITE_DBNAME" { format!("{value}.{is_legible}") } else { value })
            })
            .collect();
        let billing = Billing::open_with(variables).await.unwrap();
        let (_, last) = send(&depot, &[13]).await;
        follow(&billing, &depot, last).await;
        let letters = billing.recorder().select_letters(LetterQuery::of("Depot")).await.unwrap();
        let state = String::from_utf8_lossy(&letters[0].state);
        assert_eq!(state.contains("nobody pays"), is_legible, "{state}");
        let list = billing.dead_letters(&depot).list(0, 1).await.unwrap();
        assert_eq!(list[0].reason.as_deref(), Some("nobody pays for 13"));
    }
}
