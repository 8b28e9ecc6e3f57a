//! Dead letters are listed, retried and discarded.

use super::*;

in_each_place! {
    what_is_retried_is_handled_in_order_and_then_all_is_as_usual
    what_fails_again_is_named_and_those_before_it_stay_handled
    the_culprit_can_be_discarded_and_the_rest_retried
    all_of_an_aggregate_can_be_discarded
    letters_are_listed_page_by_page
    what_is_not_there_is_an_error_with_the_cure
    a_letter_whose_event_is_gone_from_the_log_stays
}

async fn what_is_retried_is_handled_in_order_and_then_all_is_as_usual<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let mut unlucky = account(&office, &[13]).await;
    // more than fit in one transaction, with others between them
    for _ in 0..25 {
        deposit(&office, &mut unlucky, &[1; 10]).await;
        account(&office, &[2]).await;
    }
    let other = account(&office, &[13]).await;
    process(&office, &place, &bad, PARK).await;
    let letters = letters(&office, &place, &bad);
    assert_eq!(letters.count().await.unwrap(), 252);
    bad.is(&[]);
    assert_eq!(letters.retry(unlucky.id()).await.unwrap(), 251);
    assert_eq!(place.by_account().await[&unlucky.id()], (1..=252).collect::<Vec<_>>());
    assert_eq!(letters.list(0, 10).await.unwrap()[0].originator_id, other.id());

    deposit(&office, &mut unlucky, &[1]).await;
    process(&office, &place, &bad, OnFailure::Stop).await;
    assert_eq!(place.by_account().await[&unlucky.id()], (1..=253).collect::<Vec<_>>());
    assert_eq!(letters.count().await.unwrap(), 1);
}

async fn what_fails_again_is_named_and_those_before_it_stay_handled<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let unlucky = account(&office, &[13, 1, 2, 17, 3]).await;
    process(&office, &place, &bad, PARK).await;
    bad.is(&[17]);
    let letters = letters(&office, &place, &bad);
    let parked_at = letters.list(4, 10).await.unwrap()[0].parked_at;
    let error = letters.retry(unlucky.id()).await.unwrap_err();
    let said =
        format!("`ledger` failed at `Account.Deposited`, notification 5 of `Office`, version 5 of {}: ", unlucky.id());
    assert!(error.to_string().starts_with(&said) && error.to_string().contains("17 brings bad luck"), "{error}");
    assert_eq!(place.by_account().await[&unlucky.id()], [1, 2, 3, 4]);
    let left = letters.list(0, 10).await.unwrap();
    assert_eq!(versions(&left), [(5, true), (6, false)]);
    assert!(left[0].reason.as_deref().unwrap().contains("17 brings bad luck"), "{left:?}");
    assert_eq!(left[0].parked_at, parked_at);

    // nothing of it is handled while they are there
    let last = deposit(&office, &mut office.repository().get(unlucky.id()).await.unwrap(), &[4]).await;
    process(&office, &place, &bad, PARK).await;
    assert_eq!(letters.list(0, 10).await.unwrap().last().unwrap().notification_id, last);
    bad.is(&[]);
    assert_eq!(letters.retry(unlucky.id()).await.unwrap(), 3);
    assert_eq!(place.by_account().await[&unlucky.id()], [1, 2, 3, 4, 5, 6, 7]);
}

async fn the_culprit_can_be_discarded_and_the_rest_retried<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let mut unlucky = account(&office, &[1, 13, 2, 3]).await;
    process(&office, &place, &bad, PARK).await;
    let letters = letters(&office, &place, &bad);
    let discarded = letters.discard(3).await.unwrap();
    assert_eq!((discarded.originator_id, discarded.originator_version), (unlucky.id(), 3));
    // the others are there still, and so is who waits for them
    deposit(&office, &mut unlucky, &[4]).await;
    process(&office, &place, &bad, PARK).await;
    assert_eq!(versions(&letters.list(0, 10).await.unwrap()), [(4, false), (5, false), (6, false)]);
    assert_eq!(letters.retry(unlucky.id()).await.unwrap(), 3);
    assert_eq!(place.by_account().await[&unlucky.id()], [1, 2, 4, 5, 6]);
}

async fn all_of_an_aggregate_can_be_discarded<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let mut unlucky = account(&office, &[&[13], [1; 230].as_slice()].concat()).await;
    let other = account(&office, &[13]).await;
    process(&office, &place, &bad, PARK).await;
    let letters = letters(&office, &place, &bad);
    assert_eq!(letters.discard_all(unlucky.id()).await.unwrap(), 231);
    assert_eq!(letters.list(0, 10).await.unwrap()[0].originator_id, other.id());
    deposit(&office, &mut unlucky, &[1]).await;
    process(&office, &place, &bad, OnFailure::Stop).await;
    assert_eq!(place.by_account().await[&unlucky.id()], [1, 233]);
}

async fn letters_are_listed_page_by_page<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    for _ in 0..5 {
        account(&office, &[13, 1]).await;
    }
    process(&office, &place, &bad, PARK).await;
    let letters = letters(&office, &place, &bad);
    let (mut ids, mut after) = (Vec::new(), 0);
    loop {
        let page = letters.list(after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.notification_id;
        assert!(page.len() <= 3);
        ids.extend(page.iter().map(|letter| letter.notification_id));
    }
    assert_eq!(ids, [2, 3, 5, 6, 8, 9, 11, 12, 14, 15]);
    assert_eq!(letters.count().await.unwrap(), 10);
    assert!(letters.list(u64::MAX, 3).await.unwrap().is_empty());
    assert!(letters.list(0, 0).await.unwrap().is_empty());
}

async fn what_is_not_there_is_an_error_with_the_cure<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    let lucky = account(&office, &[1]).await;
    // also before anything is processed
    for _ in 0..2 {
        let letters = letters(&office, &place, &bad);
        assert!(letters.list(0, 10).await.unwrap().is_empty());
        let said = format!(
            "`ledger` has no dead letters of aggregate {} from `Office`; \
             list the dead letters: another process may have retried or discarded it",
            lucky.id()
        );
        let none = [letters.retry(lucky.id()).await.unwrap_err(), letters.discard_all(lucky.id()).await.unwrap_err()];
        for error in none {
            assert!(matches!(error, DeadLetterError::NoneOf { .. }), "{error:?}");
            assert_eq!(error.to_string(), said);
        }
        let error = letters.discard(2).await.unwrap_err();
        assert!(matches!(error, DeadLetterError::NotFound { notification_id: 2, .. }), "{error:?}");
        let said = "`ledger` has no dead letter of notification 2 from `Office`; \
                    list the dead letters: another process may have retried or discarded it";
        assert_eq!(error.to_string(), said);
        process(&office, &place, &bad, PARK).await;
    }
    assert_eq!(place.entries().await.len(), 2);
}

async fn a_letter_whose_event_is_gone_from_the_log_stays<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let unlucky = account(&office, &[13, 1]).await;
    process(&office, &place, &bad, PARK).await;
    bad.is(&[]);
    // such as one that was restored from a backup
    let other = super::office().await;
    let error = letters(&other, &place, &bad).retry(unlucky.id()).await.unwrap_err();
    let said = format!("the log has no event `Account.Deposited` as version 2 of {}", unlucky.id());
    assert!(error.to_string().ends_with(&said), "{error}");
    let letters = letters(&office, &place, &bad);
    assert_eq!(versions(&letters.list(0, 10).await.unwrap()), [(2, true), (3, false)]);
    assert_eq!(letters.retry(unlucky.id()).await.unwrap(), 2);
}
