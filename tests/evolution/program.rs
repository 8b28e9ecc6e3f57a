//! One program in the versions in which it was deployed, one after the other.

/// The first version.
pub(crate) mod first {
    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct World {
        pub(crate) title: String,
        pub(crate) colour: Option<String>,
        pub(crate) history: Vec<String>,
    }

    #[aggregate]
    impl World {
        #[event("Started")]
        pub(crate) fn new(title: &str) -> Self {
            Self { title: title.to_owned(), colour: None, history: Vec::new() }
        }

        #[event("Painted")]
        pub(crate) fn paint(&mut self, colour: &str) {
            self.colour = Some(colour.to_owned());
        }

        #[event("SomethingHappened")]
        pub(crate) fn make_it_so(&mut self, what: &str) {
            self.history.push(what.to_owned());
        }
    }
}

/// The second version: the world has a name, not a title.
pub(crate) mod second {
    use eventsourcing::prelude::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct StartedV1 {
        title: String,
    }

    pub(crate) fn started_v1(old: StartedV1) -> WorldStarted {
        WorldStarted { name: old.title }
    }

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct World {
        pub(crate) name: String,
        pub(crate) history: Vec<String>,
    }

    #[aggregate]
    impl World {
        #[event("Started", version = 2, upcasts = [started_v1])]
        pub(crate) fn new(name: &str) -> Self {
            Self { name: name.to_owned(), history: Vec::new() }
        }

        #[event("SomethingHappened")]
        pub(crate) fn make_it_so(&mut self, what: &str) {
            self.history.push(what.to_owned());
        }
    }
}

/// The third version: the world has moons, it is no longer painted, and `SomethingHappened` has another name and says who did it.
pub(crate) mod third {
    use eventsourcing::prelude::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct StartedV1 {
        title: String,
    }

    #[derive(Deserialize)]
    pub(crate) struct StartedV2 {
        name: String,
    }

    pub(crate) fn started_v1(old: StartedV1) -> StartedV2 {
        StartedV2 { name: old.title }
    }

    pub(crate) fn started_v2(old: StartedV2) -> WorldStarted {
        WorldStarted { name: old.name, moons: 1 }
    }

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct World {
        pub(crate) name: String,
        pub(crate) moons: u32,
        pub(crate) history: Vec<(String, String)>,
    }

    #[aggregate(retired = ["World.Painted"], derive(PartialEq))]
    impl World {
        #[event("Started", version = 3, upcasts = [started_v1, started_v2])]
        pub(crate) fn new(name: &str, moons: u32) -> Self {
            Self { name: name.to_owned(), moons, history: Vec::new() }
        }

        #[event("Happened", was = ["World.SomethingHappened"])]
        pub(crate) fn make_it_so(&mut self, what: &str, #[serde(default)] by: &str) {
            self.history.push((what.to_owned(), by.to_owned()));
        }
    }
}
