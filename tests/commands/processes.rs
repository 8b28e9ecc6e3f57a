//! Commands that are sent again by another process, after the first one was killed between the save and its answer.

use eventsourcing::prelude::*;

use super::{Order, Shop, Variables, recorded};

#[path = "../../eventsourcing-sqlx/tests/common/process.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the tests of the databases")]
mod process;

use process::{Process, is_child, say};

fn command(number: u64) -> CommandId {
    CommandId::named(&format!("request-{number}"))
}

/// The order of a command, whose content is the same in each process.
fn decide(number: u64) -> Order {
    let mut order = Order::place(&format!("book {number}"));
    order.note("gift");
    order
}

/// Sends commands without end, from one on, and reports each that is acknowledged with its first notification id.
async fn child() {
    let shop = Shop::open().await.unwrap();
    let first: u64 = std::env::var("FIRST_COMMAND").unwrap().parse().unwrap();
    for number in first.. {
        let recordings = shop.save(&mut decide(number)).command(command(number)).await.unwrap();
        say(format!("{number} {}", recordings[0].id));
    }
}

/// Kills processes, and sends what they sent once more.
async fn what_a_killed_process_sent_is_recorded_once(test: &str, variables: Variables) {
    let shop = Shop::open_with(variables.clone()).await.unwrap();
    let (mut next, mut acknowledged) = (0, Vec::new());
    for patience in 1..=8 {
        let first = next.to_string();
        let mut given: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        given.push(("FIRST_COMMAND", &first));
        let mut process = Process::start(test, &given);
        let mut heard = |word: String| {
            let (number, id) = word.split_once(' ').unwrap();
            next = number.parse::<u64>().unwrap() + 1;
            acknowledged.push((next - 1, id.parse::<u64>().unwrap()));
        };
        for _ in 0..patience {
            heard(process.hear().await.unwrap());
        }
        process.child.start_kill().unwrap();
        // what it said before it died counts
        while let Some(word) = process.hear().await {
            // its last line may be cut off
            if word.split_once(' ').is_some_and(|(_, id)| id.parse::<u64>().is_ok()) {
                heard(word);
            }
        }
        process.child.wait().await.unwrap();
        // the command that it sent last may be recorded or not; sent again, it is
        let before = recorded(&shop).await;
        let again = shop.save(&mut decide(next)).command(command(next)).await.unwrap();
        assert_eq!(again.len(), 2);
        assert!(again[1].id <= before || recorded(&shop).await == before + 2);
        next += 1;
    }
    for (number, id) in acknowledged {
        let again = shop.save(&mut decide(number)).command(command(number)).await.unwrap();
        assert_eq!(again[0].id, id, "command {number}");
    }
    assert_eq!(recorded(&shop).await, 2 * next);
}

#[tokio::test]
async fn what_a_killed_process_sent_to_a_file_is_recorded_once() {
    if is_child() {
        return child().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let test = "processes::what_a_killed_process_sent_to_a_file_is_recorded_once";
    what_a_killed_process_sent_is_recorded_once(test, crate::common::sqlite_file(&folder)).await;
}

#[tokio::test]
async fn what_a_killed_process_sent_to_postgres_is_recorded_once() {
    if is_child() {
        return child().await;
    }
    let test = "processes::what_a_killed_process_sent_to_postgres_is_recorded_once";
    what_a_killed_process_sent_is_recorded_once(test, crate::common::postgres()).await;
}
