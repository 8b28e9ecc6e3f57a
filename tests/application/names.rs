//! Names of applications in one process: two types of one name cannot share a log by accident.

use std::sync::Arc;

use eventsourcing::prelude::*;
use eventsourcing::recording::MemoryRecorder;

use super::{Note, common};

mod ours {
    #[eventsourcing::application]
    #[derive(Clone, Debug)]
    pub(super) struct App;
}

mod theirs {
    #[eventsourcing::application]
    #[derive(Clone, Debug)]
    pub(super) struct App;
}

mod others {
    #[eventsourcing::application(name = "OtherApp")]
    #[derive(Clone, Debug)]
    pub(super) struct App;
}

/// How an application is opened: with variables, or on a recorder.
enum Place {
    Variables(Vec<(String, String)>),
    Memory(Arc<MemoryRecorder>),
}

impl Place {
    async fn open<T: From<Application> + 'static>(&self, builder: eventsourcing::Builder<T>) -> Result<T> {
        match self {
            Self::Variables(variables) => builder.variables(variables.clone()).open().await,
            Self::Memory(recorder) => builder.variables([("", "")]).recorder(recorder.clone()).open().await,
        }
    }
}

/// Two places in each database.
fn places(folder: &tempfile::TempDir) -> [(Place, Place); 4] {
    let files = || Place::Variables(common::sqlite_file(folder));
    let shared = |name: &str| Place::Variables(common::sqlite(&format!("file:{name}?mode=memory&cache=shared")));
    let memory = || Place::Memory(Arc::new(MemoryRecorder::new()));
    let postgres = || Place::Variables(common::postgres());
    [(memory(), memory()), (files(), files()), (shared("ours"), shared("theirs")), (postgres(), postgres())]
}

#[tokio::test]
async fn two_types_of_one_name_do_not_share_a_log() {
    let folder = tempfile::tempdir().unwrap();
    for (place, other_place) in places(&folder) {
        let ours = place.open(ours::App::builder()).await.unwrap();
        let error = place.open(theirs::App::builder()).await.unwrap_err();
        let is_it = matches!(error, Error::NameTaken { .. }) && !error.is_retryable();
        assert!(is_it, "{error:?}");
        let said = error.to_string();
        for part in
            ["the name `App` is already used by `", "ours::App`", "theirs::App`", "#[application(name = \"…\")]"]
        {
            assert!(said.contains(part), "{said}");
        }
        // the same type, another name, and another place
        let again = place.open(ours::App::builder()).await.unwrap();
        let named = place.open(others::App::builder()).await.unwrap();
        let elsewhere = other_place.open(theirs::App::builder()).await.unwrap();
        ours.save(&mut Note::begin()).await.unwrap();
        assert_eq!(again.log().max_id().await.unwrap(), Some(1));
        assert_eq!(elsewhere.log().max_id().await.unwrap(), None);
        drop(named);
    }
}

#[tokio::test]
async fn a_name_is_free_once_the_last_handle_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    for (place, _) in places(&folder) {
        let ours = place.open(ours::App::builder()).await.unwrap();
        let (again, clone) = (place.open(ours::App::builder()).await.unwrap(), Application::clone(&ours));
        for handle in [Application::clone(&again), clone] {
            drop((ours.clone(), again.clone()));
            assert!(matches!(place.open(theirs::App::builder()).await, Err(Error::NameTaken { .. })));
            drop(handle);
        }
        drop((ours, again));
        place.open(theirs::App::builder()).await.unwrap();
    }
}

#[tokio::test]
async fn an_application_without_a_type_takes_no_name() {
    let recorder = Arc::new(MemoryRecorder::new());
    let place = Place::Memory(recorder.clone());
    let plain = || Application::builder("App").recorder(recorder.clone()).open();
    let before = plain().unwrap();
    let ours = place.open(ours::App::builder()).await.unwrap();
    let after = plain().unwrap();
    ours.save(&mut Note::begin()).await.unwrap();
    assert_eq!((before.log().max_id().await.unwrap(), after.log().max_id().await.unwrap()), (Some(1), Some(1)));
}

#[tokio::test]
async fn a_copy_of_a_file_is_another_log() {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("one.db"), folder.path().join("copy.db"));
    let variables = |path: &std::path::Path| common::sqlite(&path.to_string_lossy());
    let ours = ours::App::open_with(variables(&file)).await.unwrap();
    ours.save(&mut Note::begin()).await.unwrap();
    ours.close().await;
    std::fs::copy(&file, &copy).unwrap();
    let theirs = theirs::App::open_with(variables(&copy)).await.unwrap();
    assert_eq!(theirs.log().max_id().await.unwrap(), Some(1));
    assert!(matches!(theirs::App::open_with(variables(&file)).await, Err(Error::NameTaken { .. })));
}
