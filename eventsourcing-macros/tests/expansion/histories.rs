/// The events, line by line.
pub struct Histories;

impl Histories {
    async fn lines(
        &self,
        prefix: &str,
        view: &mut Vec<String>,
    ) -> eventsourcing::Result<()> {
        view.push(prefix.to_owned());
        Ok(())
    }

    /// A world begins without a history.
    async fn started(
        &self,
        event: &super::world::WorldStarted,
        context: &eventsourcing::EventContext,
        view: &mut Vec<String>,
    ) -> eventsourcing::Result<()> {
        view.push(format!("{}: {}", context.notification_id, event.name));
        Ok(())
    }

    async fn happened(
        &self,
        events: &[eventsourcing::EventEnvelope<super::world::WorldSomethingHappened>],
        view: &mut Vec<String>,
    ) -> eventsourcing::Result<()> {
        view.extend(events.iter().map(|happened| happened.event.what.clone()));
        Ok(())
    }
}

impl ::eventsourcing::Projection for Histories {
    type View = Vec<String>;

    const NAME: &'static str = "histories";

    const VERSION: u32 = 2;

    const TOPICS: &'static [&'static str] = {
        const EVENTS: &[::eventsourcing::__private::Topics] = &[
            ::eventsourcing::__private::topics_of::<super::world::WorldStarted>(),
            ::eventsourcing::__private::topics_of::<
                super::world::WorldSomethingHappened,
            >(),
        ];
        &::eventsourcing::__private::joined::<
            { ::eventsourcing::__private::count(EVENTS) },
        >(EVENTS)
    };

    const SPLITS: &'static [&'static [::eventsourcing::SplitTopic]] = &[
        <super::world::WorldStarted as ::eventsourcing::EventStruct>::SPLITS,
        <super::world::WorldSomethingHappened as ::eventsourcing::EventStruct>::SPLITS,
    ];

    const HAS_TABLES: bool = true;

    async fn handle(
        &self,
        topic: &str,
        events: &[::eventsourcing::projection::Recorded<'_>],
        view: &mut Self::View,
    ) -> ::std::result::Result<(), ::eventsourcing::recording::Cause> {
        match topic {
            topic if <super::world::WorldStarted as ::eventsourcing::EventStruct>::is_recorded_as(
                topic,
            ) => {
                for event in events {
                    let envelope = event.decode::<super::world::WorldStarted>()?;
                    self.started(&envelope.event, &envelope.context, view).await?;
                }
            }
            topic if <super::world::WorldSomethingHappened as ::eventsourcing::EventStruct>::is_recorded_as(
                topic,
            ) => {
                let mut envelopes = ::std::vec::Vec::with_capacity(events.len());
                for event in events {
                    envelopes
                        .push(event.decode::<super::world::WorldSomethingHappened>()?);
                }
                self.happened(&envelopes, view).await?;
            }
            _ => {}
        }
        ::std::result::Result::Ok(())
    }

    async fn tables(
        &self,
        prefix: &str,
        view: &mut Self::View,
    ) -> ::std::result::Result<(), ::eventsourcing::recording::Cause> {
        self.lines(prefix, view).await?;
        ::std::result::Result::Ok(())
    }
}

const _: () = ::eventsourcing::__private::are_distinct(
    <Histories as ::eventsourcing::Projection>::TOPICS,
);
