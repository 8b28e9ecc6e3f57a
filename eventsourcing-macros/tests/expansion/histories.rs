/// What happened, line by line.
pub struct Histories;

impl Histories {
    /// A world begins without a history.
    async fn started(
        &self,
        event: &super::world::WorldStarted,
        about: &eventsourcing::About,
        view: &mut Vec<String>,
    ) -> eventsourcing::Result<()> {
        view.push(format!("{}: {}", about.notification_id, event.name));
        Ok(())
    }

    async fn happened(
        &self,
        event: &super::world::WorldSomethingHappened,
        view: &mut Vec<String>,
    ) -> eventsourcing::Result<()> {
        view.push(event.what.clone());
        Ok(())
    }
}

impl ::eventsourcing::Projection for Histories {
    type View = Vec<String>;

    const NAME: &'static str = "histories";

    const TOPICS: &'static [&'static str] = &[
        <super::world::WorldStarted as ::eventsourcing::EventStruct>::TOPIC,
        <super::world::WorldSomethingHappened as ::eventsourcing::EventStruct>::TOPIC,
    ];

    async fn handle(
        &self,
        event: ::eventsourcing::following::Recorded<'_>,
        view: &mut Self::View,
    ) -> ::std::result::Result<(), ::eventsourcing::persistence::Cause> {
        match event.topic() {
            <super::world::WorldStarted as ::eventsourcing::EventStruct>::TOPIC => {
                let (event, about) = event.decode::<super::world::WorldStarted>()?;
                self.started(&event, &about, view).await?;
            }
            <super::world::WorldSomethingHappened as ::eventsourcing::EventStruct>::TOPIC => {
                let (event, _) = event.decode::<super::world::WorldSomethingHappened>()?;
                self.happened(&event, view).await?;
            }
            _ => {}
        }
        ::std::result::Result::Ok(())
    }
}

const _: () = ::eventsourcing::__private::are_distinct(
    <Histories as ::eventsourcing::Projection>::TOPICS,
);
