//! Snapshots of the whole output of the macros.
//!
//! The facade's `tests/expansion.rs` compiles the same files. `UPDATE_EXPECT=1 cargo test -p eventsourcing-macros` updates them.

mod split;

use expect_test::{ExpectFile, expect_file};
use proc_macro2::TokenStream;
use quote::quote;

use crate::entry;

fn reads(expanded: &[TokenStream], expected: &ExpectFile) {
    let all: TokenStream = expanded.iter().cloned().collect();
    let file = syn::parse2(all).map(|file| prettyplease::unparse(&file)).unwrap_or_else(|error| error.to_string());
    expected.assert_eq(&spaced(&file));
}

/// Inserts an empty line between items and between methods.
fn spaced(file: &str) -> String {
    let mut spaced = String::new();
    let mut ended = None;
    for line in file.lines() {
        let (text, indent) = (line.trim(), line.len() - line.trim_start().len());
        if ended == Some(indent) && text != "}" {
            spaced.push('\n');
        }
        let ends_an_item = text == "}" || text.ends_with("{}") || text.ends_with(';');
        ended = (ends_an_item && indent <= 4).then_some(indent);
        spaced.push_str(line);
        spaced.push('\n');
    }
    spaced
}

#[test]
fn world_expands_to_code_that_a_person_could_have_written() {
    let aggregate_struct = quote! {
        /// An aggregate: plain state, plain methods. `#[event]` methods are recorded and replayed.
        #[derive(Clone, Debug, PartialEq)]
        pub struct World {
            pub name: String,
            history: Vec<String>,
        }
    };
    let aggregate_impl = quote! {
        impl World {
            /// A creation event: an associated function that returns `Self`.
            #[event("Started")]
            pub fn new(name: impl Into<String>) -> Self {
                Self { name: name.into(), history: Vec::new() }
            }

            /// A change: the body runs when the command is called, and again whenever the event is replayed.
            #[event("SomethingHappened")]
            pub fn make_it_so(&mut self, what: &str) {
                self.history.push(what.to_owned());
            }

            /// A command that decides first and may refuse: a plain method that calls event methods.
            pub fn make_it_so_once(&mut self, what: &str) -> std::result::Result<(), AlreadySo> {
                if self.history.iter().any(|so| so == what) {
                    return Err(AlreadySo);
                }
                self.make_it_so(what);
                Ok(())
            }

            pub fn history(&self) -> &[String] {
                &self.history
            }
        }
        #[derive(Debug, PartialEq)]
        pub struct AlreadySo;
    };
    // the last item is not part of the impl block
    let file: syn::File = syn::parse_quote!(#aggregate_impl);
    let (block, error) = (&file.items[0], &file.items[1]);
    reads(
        &[
            entry::aggregate(TokenStream::new(), aggregate_struct),
            entry::aggregate(TokenStream::new(), quote!(#block)),
            quote!(#error),
        ],
        &expect_file!["../tests/expansion/world.rs"],
    );
}

#[test]
fn an_island_expands_to_an_aggregate_with_a_creation() {
    let aggregate_struct = quote! {
        /// The simplest aggregate: it has no creation event of its own, so it is created with default values.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Island {
            pub name: String,
            palms: Vec<u32>,
        }
    };
    let aggregate_impl = quote! {
        impl Island {
            #[event("Named")]
            pub fn give_name(&mut self, name: &str) {
                self.name = name.to_owned();
            }

            #[event("Planted", unknown_fields = ignore)]
            pub fn plant(&mut self, height: u32) {
                self.palms.push(height);
            }
        }
    };
    reads(
        &[entry::aggregate(TokenStream::new(), aggregate_struct), entry::aggregate(TokenStream::new(), aggregate_impl)],
        &expect_file!["../tests/expansion/island.rs"],
    );
}

#[test]
fn planet_expands_what_its_events_were_and_its_snapshots() {
    let aggregate_struct = quote! {
        #[derive(serde::Serialize, serde::Deserialize)]
        pub struct Planet {
            name: String,
            moons: u32,
        }
    };
    let aggregate_impl = quote! {
        impl Planet {
            #[event("Formed", version = 3, upcasts = [formed_v1, formed_v2], was = ["Planet.Started"])]
            pub fn new(name: &str, moons: u32) -> Self {
                Self { name: name.to_owned(), moons }
            }

            #[event("Renamed", version = 2, upcasts = [renamed_v1], downcast = renamed_as_v1)]
            pub fn rename(&mut self, name: &str) {
                self.name = name.to_owned();
            }

            #[event(struct = MoonFound, was = ["Planet.MoonSeen" => seen_to_found])]
            pub fn find_moon(&mut self, moons: u32) {
                self.moons += moons;
            }
        }
    };
    let shapes = quote! {
        #[derive(serde::Deserialize)]
        pub struct FormedV1 {
            pub title: String,
        }
        #[derive(serde::Deserialize)]
        pub struct FormedV2 {
            pub name: String,
        }
        #[derive(serde::Serialize, serde::Deserialize)]
        pub struct RenamedV1 {
            pub title: String,
        }
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        pub struct MoonFound {
            pub moons: u32,
        }
        fn formed_v1(old: FormedV1) -> FormedV2 {
            FormedV2 { name: old.title }
        }
        fn formed_v2(old: FormedV2) -> PlanetFormed {
            PlanetFormed { name: old.name, moons: 0 }
        }
        fn renamed_v1(old: RenamedV1) -> PlanetRenamed {
            PlanetRenamed { name: old.title }
        }
        fn renamed_as_v1(event: &PlanetRenamed) -> RenamedV1 {
            RenamedV1 { title: event.name.clone() }
        }
        fn seen_to_found(_: serde_json::Value) -> MoonFound {
            MoonFound { moons: 1 }
        }
    };
    reads(
        &[
            entry::aggregate(TokenStream::new(), aggregate_struct),
            entry::aggregate(
                quote!(was = ["World"], retired = ["Planet.Painted"], snapshot_every = 100, snapshot_version = 2),
                aggregate_impl,
            ),
            shapes,
        ],
        &expect_file!["../tests/expansion/planet.rs"],
    );
}

#[test]
fn account_expands_every_kind_of_event() {
    let aggregate_struct = quote! {
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Account {
            owner: String,
            balance: i64,
        }
    };
    let aggregate_impl = quote! {
        impl Account {
            #[event("Opened", id = Self::create_id(&owner))]
            pub fn open(owner: impl Into<String>) -> Self {
                Self { owner: owner.into(), ..Self::default() }
            }

            #[event("Imported", topic = "Ledger.Imported")]
            pub fn import(owner: &str, #[serde(default)] balance: i64) -> Result<Self, Refused> {
                if balance < 0 { Err(Refused) } else { Ok(Self { owner: owner.to_owned(), balance }) }
            }

            /// Takes money out.
            ///
            /// # Errors
            /// If there is not enough.
            #[event("Withdrawn")]
            pub fn withdraw(
                &mut self,
                /// In cents.
                amount: i64,
                note: Option<&str>,
            ) -> Result<i64, Refused> {
                self.balance -= amount;
                let _ = note;
                if self.balance < 0 { Err(Refused) } else { Ok(self.balance) }
            }

            #[event]
            fn close(&mut self) -> Refusable {
                if self.balance == 0 { Ok(()) } else { Err(Refused) }
            }

            #[event(struct = Renamed)]
            pub fn rename(&mut self, owner: &str) {
                self.owner = owner.to_owned();
            }

            fn create_id(owner: &str) -> eventsourcing::Uuid {
                eventsourcing::Uuid::new_v5(&eventsourcing::Uuid::NAMESPACE_OID, owner.as_bytes())
            }
        }
    };
    let others = quote! {
        type Refusable = Result<(), Refused>;

        #[derive(Debug, PartialEq)]
        pub struct Refused;

        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct Renamed {
            owner: String,
        }
    };
    reads(
        &[
            entry::aggregate(TokenStream::new(), aggregate_struct),
            entry::aggregate(quote!(name = "Ledger", derive(PartialEq)), aggregate_impl),
            others,
        ],
        &expect_file!["../tests/expansion/account.rs"],
    );
}

#[test]
fn register_expands_to_a_log() {
    let log_struct = quote! {
        /// The worlds, in the order in which they were registered.
        #[derive(Clone, Debug)]
        pub struct Register {}
    };
    let log_impl = quote! {
        impl Register {
            #[event("WorldRegistered")]
            pub fn register(&mut self, world: eventsourcing::Uuid, name: &str) {}

            #[event("WorldRemoved")]
            pub fn remove(&mut self, world: eventsourcing::Uuid) -> Result<(), String> {
                if world.is_nil() { Err("no world".to_owned()) } else { Ok(()) }
            }
        }
    };
    reads(
        &[entry::aggregate(TokenStream::new(), log_struct), entry::aggregate(quote!(log), log_impl)],
        &expect_file!["../tests/expansion/register.rs"],
    );
}

#[test]
fn universe_expands_to_code_that_a_person_could_have_written() {
    let application = quote! {
        /// An application: the name of the struct is the prefix of its environment variables and tables.
        pub struct Universe;
    };
    reads(&[entry::application(TokenStream::new(), application)], &expect_file!["../tests/expansion/universe.rs"]);
}

#[test]
fn observatory_expands_to_code_that_a_person_could_have_written() {
    let policy = quote! {
        impl Observatory {
            /// Creates a world for each world of the upstream application.
            #[on]
            async fn started(
                &self,
                event: &super::world::WorldStarted,
                context: &eventsourcing::EventContext,
                work: &mut eventsourcing::UnitOfWork,
            ) -> eventsourcing::Result<()> {
                work.save(&mut super::world::World::new(format!("{} of {}", event.name, context.upstream)))
            }
        }
    };
    let application = entry::application(
        TokenStream::new(),
        quote!(
            pub struct Observatory;
        ),
    );
    reads(
        &[application, entry::policy(TokenStream::new(), policy)],
        &expect_file!["../tests/expansion/observatory.rs"],
    );
}

#[test]
fn histories_expands_to_code_that_a_person_could_have_written() {
    let projection = quote! {
        impl Histories {
            #[tables]
            async fn lines(&self, prefix: &str, view: &mut Vec<String>) -> eventsourcing::Result<()> {
                view.push(prefix.to_owned());
                Ok(())
            }

            /// A world begins without a history.
            #[on]
            async fn started(
                &self,
                event: &super::world::WorldStarted,
                context: &eventsourcing::EventContext,
                view: &mut Vec<String>,
            ) -> eventsourcing::Result<()> {
                view.push(format!("{}: {}", context.notification_id, event.name));
                Ok(())
            }

            #[on]
            async fn happened(
                &self,
                events: &[eventsourcing::EventEnvelope<super::world::WorldSomethingHappened>],
                view: &mut Vec<String>,
            ) -> eventsourcing::Result<()> {
                view.extend(events.iter().map(|happened| happened.event.what.clone()));
                Ok(())
            }
        }
    };
    let view = quote! {
        /// The events, line by line.
        pub struct Histories;
    };
    reads(
        &[view, entry::projection(quote!("histories", version = 2), projection)],
        &expect_file!["../tests/expansion/histories.rs"],
    );
}

#[test]
fn an_attribute_of_another_crate_is_left_where_it_is() {
    let block = quote! {
        impl World {
            #[event]
            fn new() -> Self {
                Self {}
            }

            #[other::event("Seen")]
            fn see(&mut self) {}
        }
    };
    let expanded = entry::aggregate(TokenStream::new(), block).to_string();
    assert!(expanded.contains("# [other :: event (\"Seen\")] fn see"), "{expanded}");
    assert!(!expanded.contains("WorldSeen") && !expanded.contains("compile_error"), "{expanded}");

    let block = quote! {
        impl Worlds {
            #[on]
            async fn started(&self, _: &WorldStarted, view: &mut Vec<u8>) -> Result<()> {
                Ok(())
            }

            #[other::on]
            #[other::tables]
            fn see(&self) {}
        }
    };
    let expanded = entry::projection(quote!("worlds"), block).to_string();
    assert!(expanded.contains("# [other :: on] # [other :: tables] fn see"), "{expanded}");
    assert!(!expanded.contains("compile_error"), "{expanded}");
}
