//! The attribute macros of `eventsourcing`: [`macro@aggregate`], [`macro@event`] and
//! [`macro@application`].
//!
//! Users depend on `eventsourcing`, which re-exports them. What they write is plain code: types, matches and one-line
//! calls of the library, which a person could have written. `cargo expand` shows it.
#![warn(missing_docs)]

mod check;
mod entry;
mod errors;
mod expand;
mod messages;
mod model;
mod names;
mod parse;
#[cfg(test)]
mod snapshot;
mod std_macros;

use proc_macro::TokenStream;

/// Makes a struct and its methods an event-sourced aggregate.
///
/// It stands twice: on the struct, above its derives, and on the impl block that holds its [`#[event]`](macro@event)
/// methods.
///
/// ```
/// use eventsourcing::prelude::*;
///
/// #[aggregate]
/// #[derive(Clone, Debug, PartialEq)]
/// pub struct World {
///     name: String,
///     history: Vec<String>,
/// }
///
/// #[aggregate]
/// impl World {
///     #[event("Started")]
///     pub fn new(name: impl Into<String>) -> Self {
///         Self { name: name.into(), history: Vec::new() }
///     }
///
///     #[event("SomethingHappened")]
///     pub fn make_it_so(&mut self, what: &str) {
///         self.history.push(what.to_owned());
///     }
/// }
///
/// let mut world = World::new("Earth");
/// world.make_it_so("dinosaurs");
/// assert_eq!(world.version(), 2);
///
/// // the same state, from nothing but the events
/// let mut copy: Option<World> = None;
/// for event in world.collect_events() {
///     copy = event.mutate(copy)?;
/// }
/// assert_eq!(copy, Some(world));
/// # Ok::<(), Error>(())
/// ```
///
/// # On the struct
///
/// It adds a private field, `aggregate_root`, for the id, the version, the times and the events that are not recorded
/// yet. `Clone`, `Debug`, `PartialEq`, `Eq`, `Hash`, `Default`, `Serialize` and `Deserialize` can be derived below it.
/// A derive above it does not see the field: of those that build the struct, such as `Clone`, the compiler says that
/// `aggregate_root` is missing, but `PartialEq` and `Debug` compile there, and leave id and version out. The struct has
/// named fields and is not generic.
///
/// | option | meaning |
/// |---|---|
/// | `crate = path` | where the library is found, if it is not `::eventsourcing` |
///
/// # On the impl block
///
/// For the `World` above it writes, beside it:
///
/// - `WorldStarted` and `WorldSomethingHappened`: a struct for each event, with a field for each parameter;
/// - `WorldEvent`: the enum of them;
/// - the command in place of each `#[event]` method, and its body as a private method (`body_of_make_it_so`);
/// - `impl Aggregate for World`, so that `id()`, `version()`, `created_on()`, `modified_on()`, `pending_events()` and
///   `collect_events()` are there.
///
/// In this block `Self { … }`, `World { … }` and `self::World { … }` are written as if the added field were not there, in
/// expressions and in patterns, also in the arguments of the standard library's macros that take expressions, such as
/// `vec!` and `assert_eq!`. What stands in other macros is left alone; there, write `aggregate_root: Root::default()`,
/// or `..` in a pattern. A second, plain `impl World` has to write that field too: let it call a function of this block.
///
/// | option | meaning |
/// |---|---|
/// | `name = "…"` | the name in topics and messages; that of the type by default. Pin it before the type is renamed |
/// | `derive(A, B)` | what all events derive besides `Clone`, `Debug`, `Serialize` and `Deserialize` |
/// | `crate = path` | as on the struct |
///
/// ```
/// mod shop {
///     use eventsourcing as es;
///
///     #[es::aggregate(crate = es)]
///     #[derive(Clone, Debug)]
///     pub struct Cart {
///         items: Vec<String>,
///     }
///
///     #[es::aggregate(crate = es, name = "Basket", derive(PartialEq))]
///     impl Cart {
///         #[event]
///         pub fn new() -> Self {
///             Self { items: Vec::new() }
///         }
///     }
/// }
///
/// use eventsourcing::Aggregate as _;
/// use shop::{Cart, CartCreated, CartEvent};
///
/// let cart = Cart::new();
/// assert_eq!(Cart::NAME, "Basket");
/// assert_eq!(cart.pending_events()[0].event, CartEvent::Created(CartCreated {}));
/// ```
///
/// A type has one such block, which holds all of its events; plain methods may stand in others. A trait's impl, a generic
/// impl and the impl of a path (`impl worlds::World`) are refused.
#[proc_macro_attribute]
pub fn aggregate(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::aggregate(arguments.into(), item.into()).into()
}

/// Makes a method of an [`#[aggregate]`](macro@aggregate) an event: recorded when it is called, run again at replay.
///
/// It needs no import, because `#[aggregate]` takes it away; standing anywhere else it is an error that says so. `#[aggregate]` knows it as
/// `#[event]`, `#[eventsourcing::event]` and by the path that `crate = …` gives, and leaves another crate's `#[other::event]` alone.
///
/// - A **creation** is a function without `self` that returns `Self`, or `Result<Self, E>` if it may refuse. There is at
///   least one; there may be several.
/// - A **change** takes `&mut self`. What it returns the command returns, and the replay drops.
///
/// ```
/// use eventsourcing::prelude::*;
///
/// #[aggregate]
/// #[derive(Clone, Debug)]
/// pub struct Account {
///     balance: u32,
/// }
///
/// #[aggregate]
/// impl Account {
///     /// The id is that of the name: opening twice is a conflict.
///     #[event("Opened", id = Self::create_id(name))]
///     pub fn open(name: &str, balance: u32) -> Self {
///         # let _ = name;
///         Self { balance }
///     }
///
///     #[event("Withdrawn", topic = "Account.Withdrawn")]
///     pub fn withdraw(&mut self, amount: u32) -> std::result::Result<u32, &'static str> {
///         self.balance = self.balance.checked_sub(amount).ok_or("there is not enough")?;
///         Ok(self.balance)
///     }
///
///     pub fn create_id(name: &str) -> Uuid {
///         Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("/accounts/{name}").as_bytes())
///     }
/// }
///
/// let mut account = Account::open("Ann", 50);
/// assert_eq!(account.id(), Account::create_id("Ann"));
/// assert_eq!(account.withdraw(20), Ok(30));
/// assert_eq!(account.withdraw(40), Err("there is not enough"));
/// assert_eq!(account.version(), 2);
/// ```
///
/// # Names
///
/// | written | the event's name |
/// |---|---|
/// | `#[event("Started")]` | `Started` |
/// | `#[event]` | the method's in camel case, `make_it_so` as `MakeItSo`; `Created` on a creation |
/// | `#[event(Renamed)]`, `#[event(events::Renamed)]` | that of your own struct, whose fields are named as the parameters are |
///
/// | option | meaning |
/// |---|---|
/// | `topic = "…"` | the name under which it is recorded, `World.Started` by default. Pin it before the event is renamed |
/// | `id = …` | on a creation: the id, from the parameters, of which `impl Into<T>` are `T` already; a version 4 UUID by default. Where a parameter is called `id` there is no default |
///
/// Your own struct derives `Clone`, `Debug`, `Serialize` and `Deserialize`, and what `#[aggregate(derive(…))]` says.
///
/// # Parameters
///
/// An event owns its values. The body sees the type that its signature says, at the call and at every replay.
///
/// | parameter | stored as |
/// |---|---|
/// | `T`, such as `u8` or `Cow<'static, str>` | `T`, cloned for the body of the command |
/// | `&str` | `String` |
/// | `&[T]` | `Vec<T>` |
/// | `&T` | `T` |
/// | `impl Into<T>` | `T`, converted before it is recorded |
/// | `Option` of these | `Option` of the stored type |
///
/// `T` is `Serialize`, `Deserialize`, `Clone`, `Debug`, `Send` and `Sync`. Doc comments and `#[serde(…)]` on a parameter
/// go to the field, lint levels to the body:
///
/// ```
/// # use eventsourcing::prelude::*;
/// # #[aggregate]
/// # pub struct Note { lines: Vec<String> }
/// # #[aggregate]
/// # impl Note {
/// #     #[event]
/// #     pub fn new() -> Self {
/// #         Self { lines: Vec::new() }
/// #     }
/// #[event("LineAdded")]
/// pub fn add(
///     &mut self,
///     /// Without its line feed.
///     #[serde(rename = "text")]
///     line: &str,
///     #[serde(default)] indented: bool,
/// ) {
///     self.lines.push(format!("{}{line}", if indented { "    " } else { "" }));
/// }
/// # }
/// ```
///
/// Refused are `&mut`, references with a named lifetime (`&'static str`) or inside other types (`Vec<&str>`), lifetimes
/// inside other types except `'static`, other `impl` and `dyn` types, `Self`, patterns, `#[cfg]`, serde's `skip`, and the
/// names `timestamp` and `class_version`, which belong to the library.
///
/// # Commands that refuse
///
/// If the body of a change returns an `Err`, nothing happened: no event, no new version, and the state as it was. For
/// that the aggregate is `Clone`. It makes no difference by what name the type is a `Result`; only a creation spells
/// `Result<Self, …>` out.
///
/// A body that refuses is part of history for ever. Make its rule stricter later, and events that were recorded under the
/// old one refuse at replay: their aggregates cannot be read any more. Where the rule may change, decide in a plain method
/// that returns the `Result` and calls an event method which cannot fail.
///
/// # Bodies
///
/// A body runs again at every replay, so it depends on nothing but `self` and its parameters. These are errors:
///
/// - calling another event of the aggregate: call both from a plain method. Where the macro does not see it, saving the
///   aggregate and replaying the event are errors;
/// - reading the clock, random numbers or fresh ids, such as `SystemTime::now()` and `Uuid::new_v4()`: take the value as a
///   parameter, so that it is recorded.
///
/// # What no event changes
///
/// The state is the result of the events. These methods of the block are errors, unless they have [`#[unrecorded]`](macro@unrecorded):
///
/// - a plain method that assigns to a field of `self`, borrows one by `&mut`, or calls on it a method that changes it, such as `push` or `insert`:
///   `#[event]` was probably forgotten. A private method that events call is a part of their bodies, and may do so;
/// - a plain method that calls such a private method.
///
/// The check goes by syntax. It cannot see a change through `let this = self`, in another impl block, or by the code outside that can reach a field: keep
/// fields private, and the aggregate in a module of its own.
///
/// # Attributes and signatures
///
/// Doc comments, `#[must_use]`, `#[deprecated]` and most others stay on the command; lint levels and `#[inline]` go to
/// the body too, `#[expect]` as `#[allow]`. `#[cfg]` goes wherever the event shows. The event's struct has the doc comment
/// up to its first heading or example. A creation that returns `Self` is `#[must_use]`, with a reason of its own unless you give yours: the new aggregate is
/// recorded only once it is saved.
///
/// Refused are `async`, `const`, `unsafe` and `extern`, generics, `where`, every receiver but `&mut self`, and a borrow or
/// an `impl` type as what is returned. A change does not return the aggregate either, also not in a `Result`: a copy that is made in the body lacks the event.
#[proc_macro_attribute]
pub fn event(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::event(item.into()).into()
}

/// Lets a plain method of an [`#[aggregate]`](macro@aggregate) change what no event records, such as a cache.
///
/// A replay runs the bodies of events and nothing else, so a field that a plain method changes has another value once the aggregate is read back.
/// `#[aggregate]` therefore refuses such methods, unless they have this attribute. It belongs on methods whose fields hold nothing but what can be computed
/// again, and which comparisons leave out.
///
/// ```
/// use eventsourcing::prelude::*;
///
/// #[aggregate]
/// pub struct Basket { prices: Vec<u64>, total: Option<u64> }
///
/// #[aggregate]
/// impl Basket {
///     #[event]
///     pub fn new() -> Self {
///         Self { prices: Vec::new(), total: None }
///     }
///
///     #[event("Added")]
///     pub fn add(&mut self, price: u64) {
///         self.prices.push(price);
///         self.total = None;
///     }
///
///     #[unrecorded]
///     pub fn total(&mut self) -> u64 {
///         let total = self.total.unwrap_or_else(|| self.prices.iter().sum());
///         self.total = Some(total);
///         total
///     }
/// }
///
/// let mut basket = Basket::new();
/// basket.add(3);
/// basket.add(4);
/// assert_eq!((basket.total(), basket.version()), (7, 3));
/// ```
///
/// It needs no import, as [`macro@event`] needs none.
#[proc_macro_attribute]
pub fn unrecorded(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::unrecorded(item.into()).into()
}

/// Makes a struct without fields an application, which keeps aggregates.
///
/// It writes `open()`, which reads the process's environment, `open_with(variables)`, which sees those variables and no
/// others, and `builder()`, which takes objects in code. The struct derefs to `Application`, so `save`, `repository` and
/// `log` are there.
///
/// ```
/// use eventsourcing::prelude::*;
///
/// # #[aggregate]
/// # #[derive(Clone, Debug, PartialEq)]
/// # pub struct World { name: String }
/// # #[aggregate]
/// # impl World {
/// #     #[event("Started")]
/// #     pub fn new(name: &str) -> Self {
/// #         Self { name: name.to_owned() }
/// #     }
/// # }
/// #[application(aggregates(World))]
/// #[derive(Clone, Debug)]
/// pub struct Universe;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let universe = Universe::open_with([("UNIVERSE_PERSISTENCE_MODULE", "memory")]).await?;
/// let mut world = World::new("Earth");
/// universe.save(&mut world).await?;
/// let got: World = universe.repository().get(world.id()).await?;
/// assert_eq!(got, world);
/// # Ok(())
/// # }
/// ```
///
/// | option | meaning |
/// |---|---|
/// | `name = "…"` | the prefix of its environment variables and tables; the struct's name by default |
/// | `aggregates(A, B)` | types whose topics are compared when it opens: two types with one topic are an error |
/// | `crate = path` | where the library is found, if it is not `::eventsourcing` |
#[proc_macro_attribute]
pub fn application(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::application(arguments.into(), item.into()).into()
}

/// Makes the methods of an impl block that have `#[on]` the handlers of a projection.
///
/// The type of a handler's first parameter is the event that it takes: its topic, how it is decoded, and of which events the log
/// is asked for follow from it. The last parameter is the view, which is where it lives: `&mut PgConnection`,
/// `&mut SqliteConnection`, or `&mut` any state in memory. Between the two may stand `about: &About`, which says where and when the
/// event was recorded. What a handler does to the view is committed together with the position, or not at all.
///
/// A handler that can do with many events in one statement what else takes a statement each has `events: &[Happened<WorldStarted>]` in their place: it
/// is given all events of its type that follow one another, each with its `About`, up to the size of a batch.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::time::Duration;
///
/// use eventsourcing::prelude::*;
/// use eventsourcing::{About, MemoryViews, ProjectionRunner};
///
/// #[aggregate]
/// pub struct World { name: String }
///
/// #[aggregate]
/// impl World {
///     #[event("Started")]
///     pub fn new(name: &str) -> Self {
///         Self { name: name.to_owned() }
///     }
///
///     #[event("Renamed")]
///     pub fn rename(&mut self, name: &str) {
///         self.name = name.to_owned();
///     }
/// }
///
/// #[application]
/// pub struct Universe;
///
/// /// The names of worlds.
/// pub struct Names;
///
/// #[projection("names")]
/// impl Names {
///     #[on]
///     async fn started(&self, event: &WorldStarted, about: &About, names: &mut BTreeMap<Uuid, String>) -> Result<()> {
///         names.insert(about.originator_id, event.name.clone());
///         Ok(())
///     }
///
///     #[on]
///     async fn renamed(&self, event: &WorldRenamed, about: &About, names: &mut BTreeMap<Uuid, String>) -> Result<()> {
///         names.insert(about.originator_id, event.name.clone());
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let universe = Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
/// let names = MemoryViews::new(BTreeMap::new());
/// let runner = ProjectionRunner::start(&universe, Names, names.clone()).await?;
///
/// let mut world = World::new("Earth");
/// world.rename("Terra");
/// let recorded = universe.save(&mut world).await?;
/// runner.wait_for(recorded[1].id, Duration::from_secs(10)).await?;
/// assert_eq!(names.read(|names| names[&world.id()].clone()), "Terra");
/// runner.stop().await?;
/// # Ok(())
/// # }
/// ```
///
/// A handler is `async`, takes `&self`, and returns a `Result<(), E>` whose error can become a `Box<dyn Error + Send + Sync>`. Two handlers for one
/// event do not compile. A topic that none of them takes advances the position too.
///
/// | option | meaning |
/// |---|---|
/// | `"…"` | the name, under which databases keep how far logs are processed: letters, digits, underscores; two projections of one name in one database would take each other's events |
/// | `version = 2` | the version of what the handlers make, from 1: a greater one is made beside the one that serves, by a `Rebuild`, and takes its place |
/// | `crate = path` | where the library is found, if it is not `::eventsourcing` |
///
/// A method with [`#[tables]`](macro@tables) makes the tables that handlers write to.
#[proc_macro_attribute]
pub fn projection(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::projection(arguments.into(), item.into()).into()
}

/// Makes the methods of an application's impl block that have `#[on]` its policy: what it does when something happened in another application.
///
/// The type of a handler's first parameter is the event that it takes, as in a [`macro@projection`], and `about: &About` may follow it. The last
/// parameter is the unit of work, through which aggregates of the application itself are loaded and saved. What all handlers of a
/// batch saved, and how far the other application's log is processed, are recorded in one transaction: whatever is killed, and
/// however many processes do the same, each event has its consequences exactly once.
///
/// ```
/// use std::time::Duration;
///
/// use eventsourcing::prelude::*;
///
/// #[aggregate]
/// pub struct Account { owner: String }
///
/// #[aggregate]
/// impl Account {
///     #[event("Opened")]
///     pub fn open(owner: &str) -> Self {
///         Self { owner: owner.to_owned() }
///     }
/// }
///
/// #[aggregate]
/// pub struct Gift { to: String }
///
/// #[aggregate]
/// impl Gift {
///     #[event("Promised", id = for_account(&account))]
///     pub fn promise(account: Uuid, to: &str) -> Self {
///         Self { to: to.to_owned() }
///     }
/// }
///
/// fn for_account(account: &Uuid) -> Uuid {
///     Uuid::new_v5(account, b"gift")
/// }
///
/// #[application]
/// pub struct Bank;
///
/// #[application]
/// pub struct Marketing;
///
/// #[policy]
/// impl Marketing {
///     #[on]
///     async fn opened(&self, event: &AccountOpened, about: &About, work: &mut UnitOfWork) -> Result<()> {
///         work.save(&mut Gift::promise(about.originator_id, &event.owner))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let bank = Bank::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
/// let marketing = Marketing::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
/// let runner = marketing.follow(&bank).start().await?;
///
/// let mut account = Account::open("Ada");
/// let recorded = bank.save(&mut account).await?;
/// runner.wait_for(recorded[0].id, Duration::from_secs(10)).await?;
/// let gift: Gift = marketing.repository().get(for_account(&account.id())).await?;
/// assert_eq!(gift.to, "Ada");
/// runner.stop().await?;
/// # Ok(())
/// # }
/// ```
///
/// Several applications that follow one another are a system, which runs them all. A handler may be called several times for one event, of which one
/// is recorded; what it does elsewhere than in its unit of work happens each time. So it does not call `save`, `save_tracked` or `retry` on the application
/// itself: written in a handler this does not compile, and called by another function it is `Error::SavedInPolicy`. A task that the handler spawns is not
/// noticed, and its saves are recorded each time.
///
/// | option | meaning |
/// |---|---|
/// | `crate = path` | where the library is found, if it is not `::eventsourcing` |
#[proc_macro_attribute]
pub fn policy(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::policy(arguments.into(), item.into()).into()
}

/// Makes a method the handler of an event: see [`macro@projection`] and [`macro@policy`].
#[proc_macro_attribute]
pub fn on(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::on(item.into()).into()
}

/// Makes a method of a projection the one that makes its tables: see [`macro@projection`].
///
/// It is `async`, takes `&self`, `prefix: &str` and the view, and is called in a transaction: with nothing for a prefix before the
/// projection handles its first event ever, and with a prefix when its next version is rebuilt beside the one that serves. All that it
/// makes has the prefix before its name, indexes too. Handlers ask for the name of a table: `about.table("worlds")`.
///
/// For a database it executes statements such as `format!("CREATE TABLE {prefix}worlds (id uuid PRIMARY KEY)")`; here it is a state in memory:
///
/// ```
/// use std::collections::BTreeMap;
/// # use std::time::Duration;
///
/// use eventsourcing::prelude::*;
/// use eventsourcing::About;
/// # use eventsourcing::{MemoryViews, ProjectionRunner};
///
/// # #[aggregate]
/// # pub struct World { name: String }
/// # #[aggregate]
/// # impl World {
/// #     #[event("Started")]
/// #     pub fn new(name: &str) -> Self { Self { name: name.to_owned() } }
/// # }
/// # #[application]
/// # pub struct Universe;
/// type Tables = BTreeMap<String, Vec<String>>;
///
/// pub struct Worlds;
///
/// #[projection("worlds", version = 2)]
/// impl Worlds {
///     #[tables]
///     async fn tables(&self, prefix: &str, view: &mut Tables) -> Result<()> {
///         view.insert(format!("{prefix}worlds"), Vec::new());
///         Ok(())
///     }
///
///     #[on]
///     async fn started(&self, event: &WorldStarted, about: &About, view: &mut Tables) -> Result<()> {
///         view.entry(about.table("worlds").into_owned()).or_default().push(event.name.clone());
///         Ok(())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let universe = Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await?;
/// # let views = MemoryViews::new(Tables::new());
/// # let runner = ProjectionRunner::start(&universe, Worlds, views.clone()).await?;
/// # assert!(views.read(|tables| tables["worlds"].is_empty()));
/// # let recorded = universe.save(&mut World::new("Earth")).await?;
/// # runner.wait_for(recorded[0].id, Duration::from_secs(10)).await?;
/// # assert_eq!(views.read(|tables| tables["worlds"].clone()), ["Earth"]);
/// # Ok(())
/// # }
/// ```
#[proc_macro_attribute]
pub fn tables(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::tables(item.into()).into()
}
