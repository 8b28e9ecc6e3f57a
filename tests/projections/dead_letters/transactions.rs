//! What views guarantee about dead letters, without a runner.

use eventsourcing::projection::{ViewTransaction as _, Views as _};

use super::*;

in_each_place! {
    what_is_put_aside_is_kept_as_it_is
    a_transaction_dropped_puts_nothing_aside_and_takes_nothing_out
    projections_and_upstreams_have_letters_of_their_own
    one_aside_takes_turns_with_those_that_move_the_position
}

fn letter(notification_id: u64, originator_id: Uuid, reason: Option<&str>) -> DeadLetter {
    let parked_at = Timestamp::from_microsecond(1_790_000_000_123_456).unwrap();
    DeadLetter::new(notification_id, originator_id, notification_id + 10, "Account.Deposited", parked_at)
        .with_reason(reason.map(ToOwned::to_owned))
}

/// Parks dead letters in a transaction that moves the position.
async fn park<P: Place>(place: &P, projection: &str, tracking: Tracking, letters: &[DeadLetter]) {
    let mut transaction = place.views().begin(projection, &tracking).await.unwrap();
    transaction.park(letters).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn what_is_put_aside_is_kept_as_it_is<P: Place>(place: P) {
    let views = place.views();
    let ids = [(); 3].map(|()| Uuid::new_v4());
    let mut all = Vec::new();
    for number in 1..=300_u64 {
        let reason = (number % 2 == 0).then_some("it's \"bad\"; \u{1f4a5} DROP TABLE\n{1,2}");
        all.push(letter(number, ids[usize::try_from(number % 2).unwrap()], reason));
    }
    all[0].parked_at = Timestamp::from_microsecond(-1).unwrap();
    all[1].parked_at = Timestamp::from_microsecond(253_402_000_000_999_999).unwrap();
    park(&place, "ledger", Tracking::new("Office", 0, 300), &all).await;
    assert_eq!(views.dead_letters("ledger", "Office", 0, 1_000).await.unwrap(), all);

    let mut transaction = views.begin("ledger", &Tracking::new("Office", 300, 301)).await.unwrap();
    assert!(transaction.parked(&[]).await.unwrap().is_empty());
    assert!(transaction.parked(&[ids[2]]).await.unwrap().is_empty());
    let mut asked: Vec<_> = std::iter::repeat_with(Uuid::new_v4).take(600).chain(ids).collect();
    asked.sort_unstable();
    let mut parked = transaction.parked(&asked).await.unwrap();
    parked.sort_unstable();
    let mut expected = [ids[0], ids[1]];
    expected.sort_unstable();
    assert_eq!(parked, expected);
    // one that is there already stays as it is
    transaction.park(&[letter(2, ids[0], None), letter(301, ids[2], None)]).await.unwrap();
    assert_eq!(transaction.parked(&[ids[2]]).await.unwrap(), [ids[2]]);
    transaction.commit().await.unwrap();
    assert_eq!(views.dead_letters("ledger", "Office", 1, 1).await.unwrap(), [all[1].clone()]);

    // the first ones of one aggregate, by id
    let mut transaction = views.begin_without_advance("ledger", "Office").await.unwrap();
    let first = transaction.unpark(ids[1], 100).await.unwrap();
    let expected: Vec<_> = all.iter().filter(|letter| letter.originator_id == ids[1]).take(100).cloned().collect();
    assert_eq!(first, expected);
    assert_eq!(transaction.unpark(ids[1], 100).await.unwrap().len(), 50);
    assert!(transaction.unpark(ids[1], 100).await.unwrap().is_empty());
    assert_eq!(transaction.parked(&ids[..2]).await.unwrap(), [ids[0]]);
    assert_eq!(transaction.discard(4).await.unwrap(), Some(all[3].clone()));
    assert_eq!(transaction.discard(4).await.unwrap(), None);
    transaction.commit().await.unwrap();
    assert_eq!(views.count_dead_letters("ledger", "Office").await.unwrap(), 150);
    assert_eq!(views.position("ledger", "Office").await.unwrap(), 301);
}

async fn a_transaction_dropped_puts_nothing_aside_and_takes_nothing_out<P: Place>(place: P) {
    let (views, id) = (place.views(), Uuid::new_v4());
    let mut transaction = views.begin("ledger", &Tracking::new("Office", 0, 5)).await.unwrap();
    transaction.park(&[letter(5, id, None)]).await.unwrap();
    drop(transaction);
    assert_eq!(views.count_dead_letters("ledger", "Office").await.unwrap(), 0);
    park(&place, "ledger", Tracking::new("Office", 0, 5), &[letter(5, id, None)]).await;
    let mut transaction = views.begin_without_advance("ledger", "Office").await.unwrap();
    assert_eq!(transaction.unpark(id, 1).await.unwrap().len(), 1);
    drop(transaction);
    assert_eq!(views.count_dead_letters("ledger", "Office").await.unwrap(), 1);
}

async fn projections_and_upstreams_have_letters_of_their_own<P: Place>(place: P) {
    let (views, id) = (place.views(), Uuid::new_v4());
    let owners = [("a", "X"), ("a", "Y"), ("b", "X")];
    for (projection, upstream) in owners {
        park(&place, projection, Tracking::new(upstream, 0, 5), &[letter(5, id, Some(projection))]).await;
    }
    let mut elsewhere = views.begin("b", &Tracking::new("Y", 0, 5)).await.unwrap();
    assert!(elsewhere.parked(&[id]).await.unwrap().is_empty());
    drop(elsewhere);
    let mut transaction = views.begin_without_advance("a", "X").await.unwrap();
    assert_eq!(transaction.unpark(id, 10).await.unwrap(), [letter(5, id, Some("a"))]);
    transaction.commit().await.unwrap();
    for (projection, upstream) in owners {
        let count = views.count_dead_letters(projection, upstream).await.unwrap();
        assert_eq!(count, u64::from((projection, upstream) != ("a", "X")), "{projection} {upstream}");
    }
}

async fn one_aside_takes_turns_with_those_that_move_the_position<P: Place>(place: P) {
    let (views, id) = (place.views(), Uuid::new_v4());
    for position in (5..100).step_by(5) {
        let (number, tracking) = (position, Tracking::new("Office", position - 5, position));
        park(&place, "ledger", tracking, &[letter(number, id, None)]).await;
        let mut aside = views.begin_without_advance("ledger", "Office").await.unwrap();
        assert_eq!(aside.unpark(id, 10).await.unwrap().len(), 1);
        // it waits, or begins afterwards: in both cases it finds no dead letter
        let tracking = Tracking::new("Office", position, position + 1);
        let moving = async {
            let mut moving = views.begin("ledger", &tracking).await.unwrap();
            moving.parked(&[id]).await.unwrap()
        };
        let ending = async {
            for _ in 0..position {
                tokio::task::yield_now().await;
            }
            aside.commit().await.unwrap();
        };
        let (parked, ()) = futures::join!(moving, ending);
        assert!(parked.is_empty());
    }
}
