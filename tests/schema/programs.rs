//! A program, and what becomes of it: each module changes one thing.
#![allow(dead_code, unused_imports, unused_variables, reason = "only the shapes of the events matter")]

/// An aggregate `World` with the event `World.Started` of these fields, and others.
macro_rules! world {
    ($module:ident, { $($items:tt)* } [$($option:tt)*] ($($parameters:tt)*) $($others:tt)*) => {
        pub(crate) mod $module {
            use eventsourcing::prelude::*;
            use serde::{Deserialize, Serialize};

            $($items)*

            #[aggregate]
            pub(crate) struct World {}

            #[aggregate]
            impl World {
                #[event("Started" $($option)*)]
                pub(crate) fn start($($parameters)*) -> Self {
                    Self {}
                }

                $($others)*
            }
        }
    };
}

world!(recorded, {
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(crate) enum Kind {
        Rock,
        Gas { rings: u8 },
    }
} [] (name: String, moons: u32, #[serde(default)] colour: String, kind: Kind));

world!(removed, {
    pub(crate) use super::recorded::Kind;
} [] (name: String, #[serde(default)] colour: String, kind: Kind));

world!(renamed, {
    pub(crate) use super::recorded::Kind;
} [] (title: String, moons: u32, #[serde(default)] colour: String, kind: Kind));

world!(retyped, {
    pub(crate) use super::recorded::Kind;
} [] (name: String, moons: String, #[serde(default)] colour: String, kind: Kind));

world!(made_required, {
    pub(crate) use super::recorded::Kind;
} [] (name: String, moons: u32, colour: String, kind: Kind));

world!(variant_removed, {
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(crate) enum Kind {
        Rock,
    }
} [] (name: String, moons: u32, #[serde(default)] colour: String, kind: Kind));

world!(nested_field_required, {
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(crate) enum Kind {
        Rock,
        Gas { rings: u8, helium: bool },
    }
} [] (name: String, moons: u32, #[serde(default)] colour: String, kind: Kind));

world!(optional_field_added, {
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(crate) enum Kind {
        Rock,
        Gas { rings: u8 },
        Ice,
    }
} [] (name: String, moons: u32, #[serde(default)] colour: String, age: Option<u64>, kind: Kind));

world!(with_another_name_of_a_field, {
    pub(crate) use super::recorded::Kind;
} [] (#[serde(alias = "name")] title: String, moons: u32, #[serde(default)] colour: String, kind: Kind));

world!(with_a_name_that_comes_first, {
    pub(crate) use super::recorded::Kind;
} [] (#[serde(alias = "name")] label: String, moons: u32, #[serde(default)] colour: String, kind: Kind));

world!(with_another_name_and_type_of_a_field, {
    pub(crate) use super::recorded::Kind;
} [] (#[serde(alias = "name")] label: u32, moons: u32, #[serde(default)] colour: String, kind: Kind));

world!(event_added, {
    pub(crate) use super::recorded::Kind;
} [] (name: String, moons: u32, #[serde(default)] colour: String, kind: Kind)
    #[event("Ended")]
    pub(crate) fn end(&mut self) {}
);

world!(with_a_version, {
    pub(crate) use super::recorded::Kind;

    #[derive(Deserialize)]
    pub(crate) struct StartedV1 {
        name: String,
        kind: Kind,
    }

    pub(crate) fn started_v1(old: StartedV1) -> WorldStarted {
        WorldStarted { title: old.name, kind: old.kind }
    }
} [, version = 2, upcasts = [started_v1]] (title: String, kind: Kind));

world!(with_a_step_that_needs_more, {
    pub(crate) use super::recorded::Kind;

    #[derive(Deserialize)]
    pub(crate) struct StartedV1 {
        name: String,
        surname: String,
        kind: Kind,
    }

    pub(crate) fn started_v1(old: StartedV1) -> WorldStarted {
        WorldStarted { title: old.name + &old.surname, kind: old.kind }
    }
} [, version = 2, upcasts = [started_v1]] (title: String, kind: Kind));

world!(with_a_step_on_json, {
    pub(crate) use super::recorded::Kind;

    pub(crate) fn started_v1(mut old: serde_json::Value) -> serde_json::Value {
        let name = old["name"].take();
        old["title"] = name;
        old
    }
} [, version = 2, upcasts = [started_v1]] (title: String, kind: Kind));

world!(under_another_name, {
    pub(crate) use super::recorded::Kind;
} [, topic = "World.Born", was = ["World.Started"]] (name: String, moons: u32, #[serde(default)] colour: String, kind: Kind));

pub(crate) mod renamed_aggregate {
    pub(crate) use super::recorded::Kind;
    use eventsourcing::prelude::*;

    #[aggregate]
    pub(crate) struct Planet {}

    #[aggregate]
    impl Planet {
        #[event("Started")]
        pub(crate) fn start(name: String, moons: u32, #[serde(default)] colour: String, kind: Kind) -> Self {
            Self {}
        }
    }
}
