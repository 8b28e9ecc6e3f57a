/// An application: the name of the struct is the prefix of its environment variables and tables.
pub struct Universe {
    /// The opened application.
    application: ::eventsourcing::Application,
}

impl Universe {
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
        ::eventsourcing::Builder::new("Universe")
    }
}

impl ::eventsourcing::ApplicationStruct for Universe {
    const NAME: &'static str = "Universe";

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

impl ::std::convert::From<::eventsourcing::Application> for Universe {
    fn from(application: ::eventsourcing::Application) -> Self {
        Self { application }
    }
}

impl ::std::ops::Deref for Universe {
    type Target = ::eventsourcing::Application;

    fn deref(&self) -> &Self::Target {
        &self.application
    }
}
