#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    owner: String,
    balance: i64,
    /// Its id, version, times and pending events.
    aggregate_root: ::eventsourcing::Root<Self>,
}

impl ::eventsourcing::__private::AggregateStruct for Account {}

/// The aggregate with default values, for an impl block without a creation event.
impl ::eventsourcing::__private::DefaultFields for Account
where
    for<'a> Self: ::eventsourcing::Aggregate,
    for<'a> String: ::std::default::Default,
    for<'a> i64: ::std::default::Default,
{
    fn default_fields() -> Self {
        Self {
            owner: ::std::default::Default::default(),
            balance: ::std::default::Default::default(),
            aggregate_root: ::eventsourcing::Root::default(),
        }
    }
}

/// The event `Opened` of `Account`.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
    PartialEq,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces, clippy::derive_partial_eq_without_eq)]
pub struct AccountOpened {
    /// The parameter `owner`.
    pub owner: String,
}

impl ::eventsourcing::EventStruct for AccountOpened {
    const TOPIC: &'static str = "Ledger.Opened";
}

impl ::eventsourcing::CreationEvent for AccountOpened {}

/// The event `Imported` of `Account`.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
    PartialEq,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces, clippy::derive_partial_eq_without_eq)]
pub struct AccountImported {
    /// The parameter `owner`.
    pub owner: ::std::string::String,
    /// The parameter `balance`.
    #[serde(default)]
    pub balance: i64,
}

impl ::eventsourcing::EventStruct for AccountImported {
    const TOPIC: &'static str = "Ledger.Imported";
}

impl ::eventsourcing::CreationEvent for AccountImported {}

/// Takes money out.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
    PartialEq,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces, clippy::derive_partial_eq_without_eq)]
pub struct AccountWithdrawn {
    /// In cents.
    pub amount: i64,
    /// The parameter `note`.
    pub note: Option<::std::string::String>,
}

impl ::eventsourcing::EventStruct for AccountWithdrawn {
    const TOPIC: &'static str = "Ledger.Withdrawn";
}

/// The event `Close` of `Account`.
#[derive(
    ::std::clone::Clone,
    ::std::fmt::Debug,
    ::eventsourcing::__private::serde::Serialize,
    ::eventsourcing::__private::serde::Deserialize,
    PartialEq,
)]
#[serde(crate = "::eventsourcing::__private::serde", deny_unknown_fields)]
#[allow(private_interfaces, clippy::derive_partial_eq_without_eq)]
pub struct AccountClose {}

impl ::eventsourcing::EventStruct for AccountClose {
    const TOPIC: &'static str = "Ledger.Close";
}

/// The events of `Account`.
#[derive(::std::clone::Clone, ::std::fmt::Debug, PartialEq)]
#[allow(private_interfaces, clippy::derive_partial_eq_without_eq)]
pub enum AccountEvent {
    /// The event `Opened`.
    Opened(AccountOpened),
    /// The event `Imported`.
    Imported(AccountImported),
    /// The event `Withdrawn`.
    Withdrawn(AccountWithdrawn),
    /// The event `Close`.
    Close(AccountClose),
    /// The event `Renamed`.
    Renamed(Renamed),
}

impl ::eventsourcing::AggregateEvent for AccountEvent {
    const TOPICS: &'static [&'static str] = &[
        "Ledger.Opened",
        "Ledger.Imported",
        "Ledger.Withdrawn",
        "Ledger.Close",
        "Ledger.Renamed",
    ];

    fn topic(&self) -> &'static str {
        match self {
            Self::Opened(_) => "Ledger.Opened",
            Self::Imported(_) => "Ledger.Imported",
            Self::Withdrawn(_) => "Ledger.Withdrawn",
            Self::Close(_) => "Ledger.Close",
            Self::Renamed(_) => "Ledger.Renamed",
        }
    }

    fn write(
        &self,
        state: &mut ::eventsourcing::domain::StateWriter<'_>,
    ) -> ::std::result::Result<(), ::eventsourcing::domain::StateError> {
        match self {
            Self::Opened(event) => state.write(event),
            Self::Imported(event) => state.write(event),
            Self::Withdrawn(event) => state.write(event),
            Self::Close(event) => state.write(event),
            Self::Renamed(event) => state.write(event),
        }
    }

    fn read(
        topic: &str,
        state: &mut ::eventsourcing::domain::StateReader<'_>,
    ) -> ::std::result::Result<Self, ::eventsourcing::domain::StateError> {
        match topic {
            "Ledger.Opened" => state.read().map(Self::Opened),
            "Ledger.Imported" => state.read().map(Self::Imported),
            "Ledger.Withdrawn" => state.read().map(Self::Withdrawn),
            "Ledger.Close" => state.read().map(Self::Close),
            "Ledger.Renamed" => state.read().map(Self::Renamed),
            _ => {
                ::std::result::Result::Err(
                    ::eventsourcing::domain::StateError::UnknownTopic,
                )
            }
        }
    }

    fn is_exact(&self) -> bool {
        match self {
            Self::Opened(_) => ::eventsourcing::__private::is_exact::<String>(),
            Self::Imported(_) => false,
            Self::Withdrawn(_) => {
                ::eventsourcing::__private::is_exact::<i64>()
                    && ::eventsourcing::__private::is_exact::<
                        Option<::std::string::String>,
                    >()
            }
            Self::Close(_) => true,
            Self::Renamed(_) => false,
        }
    }
}

impl Account {
    #[must_use = "a new aggregate is recorded only once it is saved"]
    pub fn open(owner: impl Into<String>) -> Self {
        let owner: String = ::std::convert::Into::into(owner);
        ::eventsourcing::Root::create(
            Self::create_id(&owner),
            AccountOpened { owner },
            AccountEvent::Opened,
            |event| Self::body_of_open(event.owner.clone()),
        )
    }

    /// The body of `open`, which runs at each call and at each replay.
    fn body_of_open(#[allow(unused_variables)] owner: impl Into<String>) -> Self {
        Self {
            owner: owner.into(),
            ..Self::default()
        }
    }

    pub fn import(owner: &str, balance: i64) -> Result<Self, Refused> {
        ::eventsourcing::Root::try_create(
            ::eventsourcing::domain::new_id(),
            AccountImported {
                owner: ::std::borrow::ToOwned::to_owned(owner),
                balance,
            },
            AccountEvent::Imported,
            |event| Self::body_of_import(&event.owner, event.balance),
        )
    }

    /// The body of `import`, which runs at each call and at each replay.
    fn body_of_import(owner: &str, balance: i64) -> Result<Self, Refused> {
        if balance < 0 {
            Err(Refused)
        } else {
            Ok(Self {
                owner: owner.to_owned(),
                balance,
                aggregate_root: ::eventsourcing::Root::default(),
            })
        }
    }

    /// Takes money out.
    ///
    /// # Errors
    /// If there is not enough.
    pub fn withdraw(&mut self, amount: i64, note: Option<&str>) -> Result<i64, Refused> {
        ::eventsourcing::Root::try_trigger(
            self,
            AccountWithdrawn {
                amount,
                note: note.map(::std::borrow::ToOwned::to_owned),
            },
            AccountEvent::Withdrawn,
            |aggregate, event| {
                aggregate.body_of_withdraw(event.amount, event.note.as_deref())
            },
        )
    }

    /// The body of `withdraw`, which runs at each call and at each replay.
    fn body_of_withdraw(
        &mut self,
        amount: i64,
        note: Option<&str>,
    ) -> Result<i64, Refused> {
        self.balance -= amount;
        let _ = note;
        if self.balance < 0 { Err(Refused) } else { Ok(self.balance) }
    }

    fn close(&mut self) -> Refusable {
        use ::eventsourcing::__private::PlainOutcome as _;
        ::eventsourcing::__private::Outcome::<Refusable>::new()
            .trigger(
                self,
                AccountClose {},
                AccountEvent::Close,
                |aggregate, _| aggregate.body_of_close(),
            )
    }

    /// The body of `close`, which runs at each call and at each replay.
    fn body_of_close(&mut self) -> Refusable {
        if self.balance == 0 { Ok(()) } else { Err(Refused) }
    }

    pub fn rename(&mut self, owner: &str) {
        ::eventsourcing::Root::trigger(
            self,
            Renamed {
                owner: ::std::borrow::ToOwned::to_owned(owner),
            },
            AccountEvent::Renamed,
            |aggregate, event| aggregate.body_of_rename(&event.owner),
        )
    }

    /// The body of `rename`, which runs at each call and at each replay.
    fn body_of_rename(&mut self, owner: &str) {
        self.owner = owner.to_owned();
    }

    fn create_id(owner: &str) -> eventsourcing::Uuid {
        eventsourcing::Uuid::new_v5(
            &eventsourcing::Uuid::NAMESPACE_OID,
            owner.as_bytes(),
        )
    }
}

impl ::eventsourcing::__private::AllEventsInOneImpl for Account {}

impl ::eventsourcing::Aggregate for Account {
    type Event = AccountEvent;

    const NAME: &'static str = "Ledger";

    const CLONE: ::std::option::Option<fn(&Self) -> Self> = {
        #[allow(unused_imports)]
        use ::eventsourcing::__private::NotCloned as _;
        ::eventsourcing::__private::Cloned::<Self>::CLONE
    };

    const PERSONAL: &'static [&'static str] = {
        #[allow(unused_imports)]
        use ::eventsourcing::__private::NothingPersonal as _;
        Self::__EVENTSOURCING_PERSONAL
    };

    fn root(&self) -> &::eventsourcing::Root<Self> {
        &self.aggregate_root
    }

    fn root_mut(&mut self) -> &mut ::eventsourcing::Root<Self> {
        &mut self.aggregate_root
    }

    fn create(
        event: AccountEvent,
    ) -> ::std::result::Result<Self, ::eventsourcing::ApplyError> {
        match event {
            AccountEvent::Opened(AccountOpened { owner }) => {
                ::std::result::Result::Ok(Self::body_of_open(owner))
            }
            AccountEvent::Imported(AccountImported { owner, balance }) => {
                Self::body_of_import(&owner, balance)
                    .map_err(|_| ::eventsourcing::ApplyError::Refused)
            }
            _ => ::std::result::Result::Err(::eventsourcing::ApplyError::NotACreation),
        }
    }

    fn apply(
        &mut self,
        event: AccountEvent,
    ) -> ::std::result::Result<(), ::eventsourcing::ApplyError> {
        match event {
            AccountEvent::Withdrawn(AccountWithdrawn { amount, note }) => {
                self.body_of_withdraw(amount, note.as_deref())
                    .map(|_| ())
                    .map_err(|_| ::eventsourcing::ApplyError::Refused)
            }
            AccountEvent::Close(AccountClose {}) => {
                use ::eventsourcing::__private::PlainOutcome as _;
                ::eventsourcing::__private::Outcome::<Refusable>::new()
                    .replayed(self.body_of_close())
            }
            AccountEvent::Renamed(Renamed { owner }) => {
                self.body_of_rename(&owner);
                ::std::result::Result::Ok(())
            }
            _ => ::std::result::Result::Err(::eventsourcing::ApplyError::IsACreation),
        }
    }

    fn is_creation(event: &AccountEvent) -> bool {
        match event {
            AccountEvent::Opened(_) => true,
            AccountEvent::Imported(_) => true,
            _ => false,
        }
    }
}

type Refusable = Result<(), Refused>;

#[derive(Debug, PartialEq)]
pub struct Refused;

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Renamed {
    owner: String,
}
