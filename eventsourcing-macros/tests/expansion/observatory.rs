pub struct Observatory {
    /// The opened application.
    application: ::eventsourcing::Application,
}

impl Observatory {
    /// Opens the application with the environment variables of the process.
    ///
    /// # Errors
    /// If a variable is missing or invalid, or the database cannot be opened.
    pub async fn open() -> ::eventsourcing::Result<Self> {
        Self::builder().open().await
    }

    /// Opens the application with these variables and no others.
    ///
    /// # Errors
    /// If a variable is missing or invalid, or the database cannot be opened.
    pub async fn open_with<K, V>(
        variables: impl ::std::iter::IntoIterator<Item = (K, V)>,
    ) -> ::eventsourcing::Result<Self>
    where
        K: ::std::convert::Into<::std::string::String>,
        V: ::std::convert::Into<::std::string::String>,
    {
        Self::builder().variables(variables).open().await
    }

    /// Returns a builder, which configures the application in code.
    pub fn builder() -> ::eventsourcing::Builder<Self> {
        ::eventsourcing::Builder::new("Observatory")
    }
}

impl ::eventsourcing::ApplicationStruct for Observatory {
    const NAME: &'static str = "Observatory";

    async fn open_in(
        variables: ::std::option::Option<
            ::std::vec::Vec<(::std::string::String, ::std::string::String)>,
        >,
    ) -> ::eventsourcing::Result<Self> {
        match variables {
            ::std::option::Option::Some(variables) => Self::open_with(variables).await,
            ::std::option::Option::None => Self::open().await,
        }
    }

    async fn open_to_look(
        variables: ::std::vec::Vec<(::std::string::String, ::std::string::String)>,
        with_key: bool,
    ) -> ::eventsourcing::Result<Self> {
        let builder = Self::builder().variables(variables).read_only();
        let builder = if with_key { builder } else { builder.without_key() };
        builder.open().await
    }
}

impl ::std::convert::From<::eventsourcing::Application> for Observatory {
    fn from(application: ::eventsourcing::Application) -> Self {
        Self { application }
    }
}

impl ::std::ops::Deref for Observatory {
    type Target = ::eventsourcing::Application;

    fn deref(&self) -> &Self::Target {
        &self.application
    }
}

impl Observatory {
    /// Creates a world for each world of the upstream application.
    async fn started(
        &self,
        event: &super::world::WorldStarted,
        context: &eventsourcing::EventContext,
        work: &mut eventsourcing::UnitOfWork,
    ) -> eventsourcing::Result<()> {
        work.save(
            &mut super::world::World::new(
                format!("{} of {}", event.name, context.upstream),
            ),
        )
    }
}

impl ::eventsourcing::ProcessApplication for Observatory {}

impl ::eventsourcing::Projection for Observatory {
    type View = eventsourcing::UnitOfWork;

    const NAME: &'static str = "Observatory";

    const TOPICS: &'static [&'static str] = {
        const EVENTS: &[::eventsourcing::__private::Topics] = &[
            ::eventsourcing::__private::topics_of::<super::world::WorldStarted>(),
        ];
        &::eventsourcing::__private::joined::<
            { ::eventsourcing::__private::count(EVENTS) },
        >(EVENTS)
    };

    const SPLITS: &'static [&'static [::eventsourcing::SplitTopic]] = &[
        <super::world::WorldStarted as ::eventsourcing::EventStruct>::SPLITS,
    ];

    async fn handle(
        &self,
        topic: &str,
        events: &[::eventsourcing::projection::Recorded<'_>],
        view: &mut Self::View,
    ) -> ::std::result::Result<(), ::eventsourcing::recording::Cause> {
        let scope = ::eventsourcing::__private::PolicyScope::of(view);
        scope
            .run(async {
                match topic {
                    topic if <super::world::WorldStarted as ::eventsourcing::EventStruct>::is_recorded_as(
                        topic,
                    ) => {
                        for event in events {
                            let envelope = event.decode::<super::world::WorldStarted>()?;
                            let handling = self
                                .started(&envelope.event, &envelope.context, view);
                            ::eventsourcing::__private::PolicyScope::caused_by(
                                    &envelope.context,
                                    handling,
                                )
                                .await?;
                        }
                    }
                    _ => {}
                }
                ::std::result::Result::Ok(())
            })
            .await
    }
}

const _: () = ::eventsourcing::__private::are_distinct(
    <Observatory as ::eventsourcing::Projection>::TOPICS,
);
