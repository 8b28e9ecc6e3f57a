//! Who retried or discarded dead letters, and why, is recorded with the act.

use eventsourcing::ViewError;
use eventsourcing::projection::{LetterResolution, OperatorNote, ResolvedLetter, ViewTransaction as _, Views as _};

use super::*;

in_each_place! {
    what_is_resolved_with_a_note_is_listed_with_who_and_why
    without_a_note_nothing_is_recorded
    what_fails_again_is_not_recorded_as_resolved
    a_note_that_is_too_long_is_refused_before_anything_is_done
    a_record_is_as_durable_as_its_transaction
}

/// What became of each letter, by its version, the last one first.
fn told(resolved: &[ResolvedLetter]) -> Vec<(u64, LetterResolution, Option<&str>, Option<&str>)> {
    let tell = |one: &'_ ResolvedLetter| (one.letter.originator_version, one.resolution);
    let told = resolved.iter().map(|one| (tell(one), one.operator.as_deref(), one.why.as_deref()));
    told.map(|((version, resolution), operator, why)| (version, resolution, operator, why)).collect()
}

async fn what_is_resolved_with_a_note_is_listed_with_who_and_why<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let unlucky = account(&office, &[13, 1]).await;
    let other = account(&office, &[13, 2]).await;
    process(&office, &place, &bad, PARK).await;
    let letters = letters(&office, &place, &bad);
    let because = OperatorNote::by("ada").because("it's a \"test\" order\0");
    letters.discard_with(2, &because).await.unwrap();
    bad.is(&[]);
    letters.retry_with(unlucky.id(), &OperatorNote::by("bea")).await.unwrap();
    letters.discard_all_with(other.id(), &OperatorNote::default().because("closed")).await.unwrap();

    let resolved = letters.resolved(10).await.unwrap();
    let (retried, discarded) = (LetterResolution::Retried, LetterResolution::Discarded);
    let expected = [
        (3, discarded, None, Some("closed")),
        (2, discarded, None, Some("closed")),
        (3, retried, Some("bea"), None),
        (2, discarded, Some("ada"), Some("it's a \"test\" order\u{fffd}")),
    ];
    assert_eq!(told(&resolved), expected);
    let first = &resolved[3].letter;
    assert!(first.reason.as_deref().unwrap().contains("13 brings bad luck") && first.attempts == 1, "{first:?}");
    assert!(resolved[0].resolved_at >= resolved[3].resolved_at);
    assert_eq!(letters.resolved(1).await.unwrap().len(), 1);
    assert_eq!(letters.count().await.unwrap(), 0);
}

async fn without_a_note_nothing_is_recorded<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let unlucky = account(&office, &[13, 1]).await;
    process(&office, &place, &bad, PARK).await;
    let letters = letters(&office, &place, &bad);
    letters.discard(2).await.unwrap();
    letters.retry(unlucky.id()).await.unwrap();
    assert!(letters.resolved(10).await.unwrap().is_empty());
}

async fn what_fails_again_is_not_recorded_as_resolved<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let unlucky = account(&office, &[13, 17]).await;
    process(&office, &place, &bad, PARK).await;
    let (letters, ada) = (letters(&office, &place, &bad), OperatorNote::by("ada"));
    letters.retry_with(unlucky.id(), &ada).await.unwrap_err();
    assert!(letters.resolved(10).await.unwrap().is_empty());
    bad.is(&[17]);
    letters.retry_with(unlucky.id(), &ada).await.unwrap_err();
    assert_eq!(told(&letters.resolved(10).await.unwrap()), [(2, LetterResolution::Retried, Some("ada"), None)]);
}

async fn a_note_that_is_too_long_is_refused_before_anything_is_done<P: Place>(place: P) {
    let (office, bad) = (office().await, Bad::default());
    bad.is(&[13]);
    let unlucky = account(&office, &[13]).await;
    process(&office, &place, &bad, PARK).await;
    let letters = letters(&office, &place, &bad);
    for note in [OperatorNote::by("x".repeat(257)), OperatorNote::default().because("x".repeat(4_097))] {
        let errors = [
            letters.retry_with(unlucky.id(), &note).await.unwrap_err(),
            letters.discard_with(2, &note).await.unwrap_err(),
            letters.discard_all_with(unlucky.id(), &note).await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, DeadLetterError::NoteTooLong { len: 257 | 4_097, .. }), "{error}");
        }
    }
    assert_eq!(letters.count().await.unwrap(), 1);
}

async fn a_record_is_as_durable_as_its_transaction<P: Place>(place: P) {
    let views = place.views();
    let letter = DeadLetter::new(5, Uuid::new_v4(), 1, "Account.Deposited", Timestamp::UNIX_EPOCH);
    let record = ResolvedLetter::new(letter, LetterResolution::Discarded, Timestamp::UNIX_EPOCH);
    for is_committed in [false, true] {
        let mut transaction = views.begin("ledger", &Tracking::new("Office", 0, 1)).await.unwrap();
        transaction.resolved(std::slice::from_ref(&record)).await.unwrap();
        if is_committed {
            transaction.commit().await.unwrap();
        } else {
            drop(transaction);
        }
        let stored: std::result::Result<_, ViewError> = views.resolved_letters("ledger", "Office", 10).await;
        assert_eq!(stored.unwrap(), if is_committed { vec![record.clone()] } else { vec![] });
    }
    assert!(views.resolved_letters("ledger", "Other", 10).await.unwrap().is_empty());
}
