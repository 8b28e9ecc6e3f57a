//! Places for an aggregate, and the names under which the library may be imported there.

use eventsourcing::prelude::*;

use crate::fold;

#[test]
fn an_aggregate_may_stand_in_a_function() {
    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    struct Local {
        items: Vec<u8>,
    }

    #[aggregate(derive(PartialEq))]
    impl Local {
        #[event]
        fn new(first: u8) -> Self {
            Self { items: vec![first] }
        }

        #[event]
        fn add(&mut self, item: u8) {
            self.items.push(item);
        }
    }

    let mut local = Local::new(1);
    local.add(2);
    assert_eq!(local.items, [1, 2]);
    assert_eq!(local.pending_events()[1].event, LocalEvent::Add(LocalAdd { item: 2 }));
    assert_eq!(fold(&local), local);
}

#[test]
fn the_struct_may_be_one_of_two_under_cfg() {
    #[aggregate]
    #[cfg(any())]
    struct Either {
        absent: Absent,
    }

    #[aggregate]
    #[cfg(not(any()))]
    struct Either {
        present: u8,
    }

    #[aggregate]
    impl Either {
        #[event]
        fn new(present: u8) -> Self {
            Self { present }
        }
    }

    assert_eq!(fold(&Either::new(1)).present, 1);
}

mod outer {
    pub(crate) mod inner {
        use eventsourcing::aggregate;

        #[aggregate]
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct Nested {
            pub(in crate::places) value: Value,
        }

        // `event` needs no import, because `aggregate` takes it away
        #[aggregate]
        impl Nested {
            #[event("Made")]
            pub(crate) fn make(value: super::super::Value) -> Self {
                Self { value }
            }

            #[eventsourcing::event("Changed")]
            pub(in crate::places) fn change(&mut self, value: Value) {
                self.value = value;
            }
        }

        use super::super::Value;
    }
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Value(u8);

#[test]
fn an_aggregate_may_stand_in_a_module_with_types_from_elsewhere() {
    let mut nested = outer::inner::Nested::make(Value(1));
    nested.change(Value(2));
    assert_eq!(nested.value, Value(2));
    assert_eq!(fold(&nested), nested);
    assert!(matches!(&nested.pending_events()[0].event, outer::inner::NestedEvent::Made(_)));
}

mod renamed {
    extern crate eventsourcing as evs;

    /// Not the library.
    #[allow(dead_code)]
    mod eventsourcing {}

    #[evs::aggregate(crate = evs)]
    #[derive(Clone, Debug, PartialEq)]
    pub(super) struct Renamed {
        value: u8,
    }

    #[evs::aggregate(crate = evs)]
    impl Renamed {
        #[evs::event]
        pub(super) fn new(value: u8) -> Self {
            Self { value }
        }
    }

    #[evs::application(crate = evs, aggregates(Renamed), name = "Others")]
    pub(super) struct Application;
}

mod reexported {
    pub(super) use eventsourcing as es;
}

#[aggregate(crate = crate::places::reexported::es)]
#[derive(Clone, Debug, PartialEq)]
struct Reexported {
    value: u8,
}

#[aggregate(crate = crate::places::reexported::es)]
impl Reexported {
    #[event]
    fn new(value: u8) -> Self {
        Self { value }
    }

    #[event]
    fn set(&mut self, value: u8) -> Alias {
        self.value = value;
        Ok(())
    }
}

type Alias = std::result::Result<(), String>;

#[tokio::test]
async fn the_library_may_be_known_by_another_path() {
    let mut aggregate = renamed::Renamed::new(1);
    assert_eq!(fold(&aggregate), aggregate);
    let application = renamed::Application::open_with([("OTHERS_PERSISTENCE_MODULE", "memory")]).await.unwrap();
    assert_eq!(application.name(), "Others");
    application.save(&mut aggregate).await.unwrap();
    let mut aggregate = Reexported::new(1);
    aggregate.set(2).unwrap();
    assert_eq!(fold(&aggregate).value, 2);
}

/// Names of the prelude that a module may have redefined.
mod shadowed_prelude {
    #![allow(dead_code)]

    use eventsourcing::{aggregate, application};

    struct Ok;
    struct Err;
    struct Some;
    type Result = ();
    type Option = ();
    trait Into {}
    trait ToOwned {}

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(super) struct Shadowed {
        pub(super) name: String,
    }

    #[aggregate]
    impl Shadowed {
        #[event]
        pub(super) fn new(name: impl ::std::convert::Into<String>) -> Self {
            Self { name: name.into() }
        }

        #[event]
        pub(super) fn rename(
            &mut self,
            name: &str,
            or: ::std::option::Option<&str>,
        ) -> ::std::result::Result<(), String> {
            self.name = String::from(or.unwrap_or(name));
            ::std::result::Result::Ok(())
        }
    }

    #[application]
    pub(super) struct App;
}

#[tokio::test]
async fn generated_code_takes_no_name_from_the_users_module() {
    let mut aggregate = shadowed_prelude::Shadowed::new("a");
    aggregate.rename("b", Some("c")).unwrap();
    assert_eq!(fold(&aggregate).name, "c");
    let application = shadowed_prelude::App::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    application.save(&mut aggregate).await.unwrap();
}

/// An aggregate generated by a macro of the user.
macro_rules! counter {
    ($name:ident, $number:ty) => {
        #[aggregate]
        #[derive(Clone, Debug, PartialEq)]
        struct $name {
            total: $number,
        }

        #[aggregate]
        impl $name {
            #[event("Opened", id = first_id(start))]
            fn open(start: $number) -> Self {
                Self { total: start }
            }

            #[event("Counted")]
            fn count(&mut self, by: Option<$number>, _why: &str) -> $number {
                let Self { total } = self;
                *total += by.unwrap_or(1);
                *total
            }
        }
    };
}

counter!(Small, u8);
counter!(Large, u64);

fn first_id(start: impl Into<u64>) -> Uuid {
    Uuid::from_u128(u128::from(start.into()))
}

#[test]
fn an_aggregate_may_be_written_by_a_macro() {
    let mut small = Small::open(1);
    assert_eq!((small.count(None, ""), small.count(Some(2), "")), (2, 4));
    let mut large = Large::open(1);
    assert_eq!(large.count(Some(u64::MAX - 1), ""), u64::MAX);
    assert_eq!((fold(&small), fold(&large)), (small, large));
}

/// `E00` to `E39` of `Many`.
macro_rules! forty_events {
    ($($name:ident)*) => {
        #[aggregate]
        #[derive(Clone, Debug, PartialEq)]
        pub struct Many {
            happened: Vec<&'static str>,
        }

        #[aggregate]
        #[allow(non_snake_case)]
        impl Many {
            #[event]
            pub fn new() -> Self {
                Self { happened: Vec::new() }
            }

            $(
                #[event]
                pub fn $name(&mut self, value: u8, text: &str) {
                    assert_eq!(text.len(), usize::from(value));
                    self.happened.push(stringify!($name));
                }
            )*
        }

        fn all_of(many: &mut Many) {
            $( many.$name(1, "x"); )*
        }
    };
}

forty_events! {
    E00 E01 E02 E03 E04 E05 E06 E07 E08 E09 E10 E11 E12 E13 E14 E15 E16 E17 E18 E19
    E20 E21 E22 E23 E24 E25 E26 E27 E28 E29 E30 E31 E32 E33 E34 E35 E36 E37 E38 E39
}

#[test]
fn forty_events_are_as_good_as_one() {
    let mut many = Many::new();
    all_of(&mut many);
    assert_eq!((many.version(), many.happened.len()), (41, 40));
    assert_eq!(fold(&many), many);
}

/// An aggregate without fields.
#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Empty {}

#[aggregate]
impl Empty {
    #[event]
    fn new() -> Self {
        Self {}
    }
}

#[test]
fn an_aggregate_may_have_no_fields_and_one_event() {
    let empty = Empty::new();
    assert_eq!(fold(&empty), empty);
}

#[test]
fn commands_and_openings_can_cross_threads() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&Many::new());
    is_send(&crate::Memory::open());
    is_send(&crate::Memory::open_with([("PERSISTENCE_MODULE", "memory")]));
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct r#Type {
    r#mod: String,
}

#[aggregate]
impl r#Type {
    #[event]
    fn new(r#mod: &str) -> r#Type {
        r#Type { r#mod: r#mod.to_owned() }
    }

    #[event]
    fn r#move(&mut self, r#mod: impl Into<String>) {
        self.r#mod = r#mod.into();
    }
}

#[test]
fn aggregates_methods_and_fields_may_have_raw_names() {
    let mut aggregate = Type::new("a");
    aggregate.r#move("b");
    assert_eq!((Type::NAME, crate::topic(&aggregate)), ("Type", "Type.Move"));
    assert_eq!(crate::recorded(&aggregate), r#"{"mod":"b"}"#);
    assert_eq!(fold(&aggregate), aggregate);
}

fn in_a_generic_function<T: Into<u64>>(value: T) -> u64 {
    #[aggregate]
    struct Inside {
        value: u64,
    }

    #[aggregate]
    impl Inside {
        #[event]
        fn new(value: u64) -> Self {
            Self { value }
        }
    }

    Inside::new(value.into()).value
}

#[test]
fn an_aggregate_may_stand_in_a_generic_function() {
    assert_eq!(in_a_generic_function(7_u8), 7);
}
