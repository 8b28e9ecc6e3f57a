//! The output in a pipe: no colours unless they are asked for, a broken pipe is no error, and what is documented is there.

use std::io::Read as _;
use std::process::Stdio;

use super::common::{Database, Ran, bare, fido, pack};

#[tokio::test]
async fn colours_are_for_terminals_alone() {
    let database = Database::sqlite();
    fido(&database.kennel().await).await;
    assert!(!database.run(&["log"]).text.contains('\u{1b}'));
    let forced = Ran::of(database.command(&["log"]).env("CLICOLOR_FORCE", "1"));
    assert!(forced.text.contains('\u{1b}'), "{}", forced.text);
    let refused = Ran::of(database.command(&["log"]).envs([("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!refused.text.contains('\u{1b}'), "{}", refused.text);
}

#[tokio::test]
async fn a_broken_pipe_is_no_error() {
    let database = Database::sqlite();
    pack(&database.kennel().await, 2_000).await;
    for arguments in [&["log", "--after", "0"][..], &["export"]] {
        let mut child = database.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut beginning = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut beginning).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
}

#[test]
fn completions_and_manual_pages_need_no_database() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = Ran::of(&mut bare(&["completions", shell]));
        assert!(ran.code == 0 && ran.text.contains("export"), "{shell}: {ran:?}");
    }
    let own = Ran::of(&mut Database::sqlite().admin(&["completions", "bash"])).text;
    assert!(
        own.contains("_admin()") && own.contains("admin__subcmd__letters") || own.contains("admin__letters"),
        "{own}"
    );
    let page = Ran::of(&mut bare(&["man"]));
    assert!(page.code == 0 && page.text.contains(".TH eventsourcing"), "{page:?}");
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Ran::of(&mut bare(&["man".as_ref(), "--dir".as_ref(), folder.path().as_os_str()])).code, 0);
    for page in ["import", "state", "letters-retry", "doctor", "explore"] {
        assert!(folder.path().join(format!("eventsourcing-{page}.1")).exists(), "{page}");
    }
}
