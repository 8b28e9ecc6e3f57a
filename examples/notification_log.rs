//! Notification log: all events of an application in one sequence, in sections and as a subscription.
//!
//! Each event is a notification with an id from 1, without gaps, in the order of commits. A consumer reads sections or pages of the log,
//! or subscribes to it. It stores the position of the last event that it processed and starts there again. A position has an anchor, so
//! that a log which was restored from an old backup is detected.
//!
//! ```console
//! $ cargo run --example notification_log
//! ```

use std::time::Duration;

use eventsourcing::LogPosition;
use eventsourcing::prelude::*;
use tokio::time::timeout;

#[aggregate]
#[derive(Debug)]
pub struct Sensor {
    room: String,
    /// Tenths of a degree.
    last: Option<i32>,
}

#[aggregate]
impl Sensor {
    #[event("Installed")]
    pub fn install(room: &str) -> Self {
        Self { room: room.to_owned(), last: None }
    }

    #[event("Measured")]
    pub fn measure(&mut self, tenths: i32) {
        self.last = Some(tenths);
    }
}

#[application(aggregates(Sensor))]
#[derive(Clone, Debug)]
pub struct Station;

/// Takes measurements from a subscription, and returns them with the position to start again from.
async fn consume(station: &Station, after: LogPosition, count: usize) -> Result<(Vec<i32>, LogPosition)> {
    let (mut measured, mut position) = (Vec::new(), after);
    // the events after the position, and then new ones as they are recorded: the stream does not end
    let mut events = station.subscribe(after).topics(["Sensor.Measured"]).events::<SensorEvent>();
    while measured.len() < count {
        let Some(Tracked { item, tracking, .. }) = events.try_next().await? else { break };
        if let SensorEvent::Measured(SensorMeasured { tenths }) = item.event {
            measured.push(tenths);
        }
        // a real consumer stores this in the transaction that stores the effects of the event
        position = tracking.log_position();
    }
    Ok((measured, position))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let station = Station::builder().variables([("PERSISTENCE_MODULE", "memory")]).section_size(3).open().await?;
    let log = station.log();
    assert_eq!(log.max_id().await?, None);

    let (mut attic, mut cellar) = (Sensor::install("attic"), Sensor::install("cellar"));
    station.save((&mut attic, &mut cellar)).await?;
    attic.measure(215);
    cellar.measure(120);
    attic.measure(220);
    station.save((&mut attic, &mut cellar)).await?;
    assert_eq!((attic.room.as_str(), attic.last), ("attic", Some(220)));

    // sections, as a remote consumer asks for them: each one names the next
    let mut next = Some("1,3".to_owned());
    let mut sections = Vec::new();
    while let Some(id) = next {
        let section = log.section(&id).await?;
        println!("section {:?} has {} notifications", section.id, section.items.len());
        sections.extend(section.id);
        next = section.next_id;
    }
    assert_eq!(sections, ["1,3", "4,5"]);

    // a selection: of some topics, from an id on
    let installed = log.select(1, 100).topics(["Sensor.Installed"]).await?;
    assert_eq!(installed.iter().map(|notification| notification.id).collect::<Vec<_>>(), [1, 2]);

    // the whole log, page by page, as a stream that ends; the mapper turns a notification into its event
    let reader = NotificationLogReader::new(station.log()).page_size(2);
    let all: Vec<Notification> = reader.read(1).try_collect().await?;
    assert_eq!(all.iter().map(|notification| notification.id).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let event: DomainEvent<SensorEvent> = station.mapper().to_notified_event(&all[2])?;
    assert_eq!((event.originator_id, event.originator_version), (attic.id(), 2));
    assert!(matches!(event.event, SensorEvent::Measured(SensorMeasured { tenths: 215 })));

    // a subscription: events that are recorded already, and those that are saved while it waits
    let consumer = tokio::spawn({
        let station = station.clone();
        async move { consume(&station, LogPosition::START, 4).await }
    });
    cellar.measure(119);
    station.save(&mut cellar).await?;
    let (measured, position) = timeout(Duration::from_secs(10), consumer).await???;
    assert_eq!(measured, [215, 220, 120, 119]);
    assert_eq!(position, 6);

    // the consumer starts again from the position that it stored, as text here
    let stored = position.to_string();
    println!("processed up to {stored}");
    attic.measure(218);
    station.save(&mut attic).await?;
    let (measured, position) = consume(&station, stored.parse()?, 1).await?;
    assert_eq!((measured, position.id), (vec![218], 7));

    // the position of another log, whose event 7 is not this one, is refused
    let elsewhere = LogPosition::anchored(7, Uuid::new_v4());
    let error = consume(&station, elsewhere, 1).await.expect_err("the anchor is another event's");
    assert!(matches!(error, Error::LogChanged { .. }), "{error}");
    Ok(())
}
