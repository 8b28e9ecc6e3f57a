//! Parameters of types named `Path`: that of the standard library, which has no size, and another.

use crate::{fold, recorded};

mod files {
    use std::path::{Path, PathBuf};

    use eventsourcing::prelude::*;

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub struct File {
        pub path: PathBuf,
        pub backup: Option<PathBuf>,
    }

    #[aggregate]
    impl File {
        #[event("Created")]
        pub fn new(path: &Path) -> Self {
            Self { path: path.to_owned(), backup: None }
        }

        #[event("BackedUp")]
        pub fn back_up(&mut self, to: Option<&Path>) {
            self.backup = to.map(Path::to_owned);
        }
    }
}

mod drawings {
    use eventsourcing::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Path(pub Vec<u8>);

    #[aggregate]
    #[derive(Clone, Debug, PartialEq)]
    pub struct Drawing {
        pub paths: Vec<Path>,
    }

    #[aggregate]
    impl Drawing {
        #[event("Begun")]
        pub fn begin(path: &Path) -> Self {
            Self { paths: vec![path.clone()] }
        }

        #[event("Extended")]
        pub fn extend(&mut self, by: Option<&Path>) {
            self.paths.extend(by.cloned());
        }
    }
}

#[test]
fn a_path_is_stored_as_a_path_buf() {
    let mut file = files::File::new("a/b".as_ref());
    assert_eq!(recorded(&file), r#"{"path":"a/b"}"#);
    file.back_up(Some("c".as_ref()));
    assert_eq!(recorded(&file), r#"{"to":"c"}"#);
    let stored = files::FileCreated { path: std::path::PathBuf::from("a/b") };
    assert_eq!((stored.path, file.backup.clone()), (file.path.clone(), Some("c".into())));
    assert_eq!(fold(&file), file);
}

#[test]
fn another_type_called_path_is_stored_as_it_is() {
    let path = drawings::Path(vec![1, 2]);
    let mut drawing = drawings::Drawing::begin(&path);
    assert_eq!(recorded(&drawing), r#"{"path":[1,2]}"#);
    drawing.extend(Some(&path));
    drawing.extend(None);
    assert_eq!(recorded(&drawing), r#"{"by":null}"#);
    assert_eq!(fold(&drawing), drawing);
}
