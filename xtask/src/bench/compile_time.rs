//! How long a domain of 100 aggregates takes to compile, with the macros and written by hand, and how large its program is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::figures::median;
use super::{Options, target};
use crate::failure::{Failure, While};
use crate::run::{self, cargo, output_of, say};

const AGGREGATES: usize = 100;
/// The number of events of an aggregate: one creation, and changes.
const EVENTS: usize = 10;

/// A measurement of the compiler, with the macros and by hand.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) what: &'static str,
    pub(super) unit: &'static str,
    pub(super) ours: f64,
    pub(super) by_hand: f64,
}

/// A generated package.
struct Package {
    folder: PathBuf,
    name: &'static str,
}

/// Generates both packages, compiles them alternately, and returns the medians.
pub(super) fn run(options: &Options) -> Result<Vec<Compiled>, Failure> {
    const TITLE: &str = "compile time";
    if !options.wants(TITLE) {
        return Ok(Vec::new());
    }
    say(&format!("==> compiling {AGGREGATES} aggregates of {EVENTS} events"));
    let ours = Package::generate("domain-by-macro", with_macros)?;
    let by_hand = Package::generate("domain-by-hand", by_hand)?;
    let mut all = Vec::new();
    for (what, verb) in [
        ("cargo check", &["check"] as &[&str]),
        ("cargo build", &["build"]),
        ("cargo build --release", &["build", "--release"]),
    ] {
        let (mut of_ours, mut of_hand) = (Vec::new(), Vec::new());
        // builds the dependencies, which both share
        ours.seconds(verb)?;
        // fewer rounds than other measurements: compilation takes long, and its time varies little
        for _ in 0..(if options.quick { 1 } else { 3 }) {
            of_ours.push(ours.seconds(verb)?);
            of_hand.push(by_hand.seconds(verb)?);
        }
        let (ours, by_hand) = (median(of_ours).unwrap_or_default(), median(of_hand).unwrap_or_default());
        all.push(Compiled { what, unit: "s", ours, by_hand });
    }
    all.push(Compiled {
        what: "size of the release build",
        unit: "MiB",
        ours: ours.mebibytes()?,
        by_hand: by_hand.mebibytes()?,
    });
    for Compiled { what, unit, ours, by_hand } in &all {
        say(&format!("  {what:<28} {ours:>8.2} {unit}, by hand {by_hand:>8.2} {unit}: {:.2} x", ours / by_hand));
    }
    Ok(all)
}

impl Package {
    fn generate(name: &'static str, aggregate: fn(&str) -> String) -> Result<Self, Failure> {
        let folder = target().join("generated").join(name);
        let store =
            |path: &Path, text: &str| fs::write(path, text).while_doing(|| format!("writing {}", path.display()));
        fs::create_dir_all(folder.join("src")).while_doing(|| format!("making the folder {}", folder.display()))?;
        store(&folder.join("Cargo.toml"), &manifest(name))?;
        let names: Vec<String> = (0..AGGREGATES).map(|number| format!("Aggregate{number}")).collect();
        let modules = names.iter().map(|name| format!("mod {} {{\n{}}}\n", name.to_lowercase(), aggregate(name)));
        let calls = names.iter().map(|name| format!("    {}::exercise();\n", name.to_lowercase()));
        let text = format!("{}\nfn main() {{\n{}}}\n", modules.collect::<String>(), calls.collect::<String>());
        store(&folder.join("src/main.rs"), &text)?;
        Ok(Self { folder, name })
    }

    /// Compiles the package again, with its dependencies already built, and returns the seconds.
    fn seconds(&self, verb: &[&str]) -> Result<f64, Failure> {
        let source = self.folder.join("src/main.rs");
        let doing = || format!("touching {}", source.display());
        // cargo compares the modification time of the file
        let file = fs::File::options().append(true).open(&source).while_doing(doing)?;
        file.set_modified(std::time::SystemTime::now()).while_doing(doing)?;
        let mut command = self.cargo(verb);
        // compiles the whole crate each time, as after a change that affects all of it
        command.env("CARGO_INCREMENTAL", "0");
        let start = Instant::now();
        output_of(command)?;
        Ok(start.elapsed().as_secs_f64())
    }

    fn cargo(&self, verb: &[&str]) -> Command {
        let mut command = cargo([]);
        command.args(verb).args(["--quiet", "--manifest-path"]).arg(self.folder.join("Cargo.toml"));
        command.env("CARGO_TARGET_DIR", target());
        command
    }

    fn mebibytes(&self) -> Result<f64, Failure> {
        let program = target().join("release").join(self.name);
        let bytes = fs::metadata(&program).while_doing(|| format!("looking at {}", program.display()))?.len();
        // exact for every realistic size
        let kibibytes = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
        Ok(f64::from(kibibytes) / 1024.0)
    }
}

fn manifest(name: &str) -> String {
    format!(
        "[workspace]\n\n[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\neventsourcing = {{ path = \"{}\", default-features = false }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n\n\
         [profile.release]\nstrip = true\n",
        run::root().display().to_string().replace('\\', "/")
    )
}

/// The changes of an aggregate, by number.
fn changes() -> std::ops::Range<usize> {
    1..EVENTS
}

fn with_macros(name: &str) -> String {
    let commands = changes().map(|number| {
        format!(
            "        #[event(\"Changed{number}\")]\n        pub fn change_{number}(&mut self, amount: i64, note: &str) {{\n            \
             self.total += amount + {number};\n            self.last = note.to_owned();\n        }}\n"
        )
    });
    format!(
        "    use eventsourcing::prelude::*;\n\n    #[aggregate]\n    #[derive(Clone, Debug)]\n    pub struct {name} {{\n        \
         total: i64,\n        last: String,\n    }}\n\n    #[aggregate]\n    impl {name} {{\n        #[event(\"Created\")]\n        \
         pub fn new(note: &str) -> Self {{\n            Self {{ total: 0, last: note.to_owned() }}\n        }}\n{}    }}\n{}",
        commands.collect::<String>(),
        exercise(name)
    )
}

fn by_hand(name: &str) -> String {
    let all = |part: fn(usize) -> String| changes().map(part).collect::<String>();
    let commands = all(|number| {
        format!(
            "        pub fn change_{number}(&mut self, amount: i64, note: &str) {{\n            \
             let changed = Changed{number} {{ amount, note: note.to_owned() }};\n            \
             Root::trigger(self, changed, Event::Changed{number}, |this, changed| this.apply_{number}(changed));\n        }}\n        \
             fn apply_{number}(&mut self, changed: &Changed{number}) {{\n            self.total += changed.amount + {number};\n            \
             self.last = changed.note.clone();\n        }}\n"
        )
    });
    let structs = all(|number| {
        format!(
            "    #[derive(Clone, Debug, Serialize, Deserialize)]\n    pub struct Changed{number} {{ amount: i64, note: String }}\n"
        )
    });
    let variants = all(|number| format!("Changed{number}(Changed{number}), "));
    let topics = changes().map(|number| format!("\"{name}.Changed{number}\", ")).collect::<String>();
    let topic =
        changes().map(|number| format!("Self::Changed{number}(_) => \"{name}.Changed{number}\", ")).collect::<String>();
    let write = all(|number| format!("Self::Changed{number}(event) => state.write(event), "));
    let read = changes()
        .map(|number| format!("\"{name}.Changed{number}\" => state.read().map(Self::Changed{number}), "))
        .collect::<String>();
    let apply = all(|number| format!("Event::Changed{number}(event) => self.apply_{number}(&event), "));
    format!(
        "    use eventsourcing::domain::{{StateError, StateReader, StateWriter}};
    use eventsourcing::{{Aggregate, AggregateEvent, ApplyError, Root, Uuid}};
    use serde::{{Deserialize, Serialize}};
    #[derive(Clone, Debug)]
    pub struct {name} {{ total: i64, last: String, root: Root<{name}> }}
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub struct Created {{ note: String }}
{structs}
    #[derive(Clone, Debug)]
    pub enum Event {{ Created(Created), {variants} }}
    impl {name} {{
        pub fn new(note: &str) -> Self {{
            Root::create(Uuid::new_v4(), Created {{ note: note.to_owned() }}, Event::Created, Self::created)
        }}
        fn created(created: &Created) -> Self {{
            Self {{ total: 0, last: created.note.clone(), root: Root::default() }}
        }}
{commands}    }}
    impl Aggregate for {name} {{
        type Event = Event;
        const NAME: &'static str = \"{name}\";
        fn root(&self) -> &Root<Self> {{ &self.root }}
        fn root_mut(&mut self) -> &mut Root<Self> {{ &mut self.root }}
        fn create(event: Event) -> Result<Self, ApplyError> {{
            match event {{ Event::Created(event) => Ok(Self::created(&event)), _ => Err(ApplyError::NotACreation) }}
        }}
        fn apply(&mut self, event: Event) -> Result<(), ApplyError> {{
            match event {{ Event::Created(_) => return Err(ApplyError::IsACreation), {apply} }}
            Ok(())
        }}
    }}
    impl AggregateEvent for Event {{
        const TOPICS: &'static [&'static str] = &[\"{name}.Created\", {topics}];
        fn topic(&self) -> &'static str {{ match self {{ Self::Created(_) => \"{name}.Created\", {topic} }} }}
        fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {{
            match self {{ Self::Created(event) => state.write(event), {write} }}
        }}
        fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {{
            match topic {{ \"{name}.Created\" => state.read().map(Self::Created), {read} _ => Err(StateError::UnknownTopic) }}
        }}
    }}
{}",
        exercise(name)
    )
}

/// Calls every command, and encodes, decodes and replays every event, so that the program contains all of the code.
fn exercise(name: &str) -> String {
    let calls = changes().map(|number| format!("        one.change_{number}({number}, \"changed\");\n"));
    format!(
        "    pub fn exercise() {{\n        let mut one = {name}::new(\"created\");\n{}        \
         let mapper = eventsourcing::Mapper::new(\"bench\");\n        let mut copy: Option<{name}> = None;\n        \
         for event in eventsourcing::Aggregate::collect_events(&mut one) {{\n            \
         let stored = mapper.to_stored_event(&event, event.originator_id).unwrap();\n            \
         let event: eventsourcing::DomainEvent<<{name} as eventsourcing::Aggregate>::Event> = mapper.to_domain_event(&stored).unwrap();\n            \
         copy = event.mutate(copy).unwrap();\n        }}\n        assert_eq!(copy.map(|copy| (copy.total, copy.last)), Some((one.total, one.last)));\n    }}\n",
        calls.collect::<String>()
    )
}
