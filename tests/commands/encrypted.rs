//! The content of a command is sealed as events are: encrypted, and bound to its command.

use eventsourcing::Command;
use eventsourcing::prelude::*;
use eventsourcing::recording::CommandContent;

use super::{Order, Shop, Variables, in_each_database, recorded};

in_each_database! {
    no_digest_of_content_is_stored_in_clear
}

/// What is stored of a command's content.
async fn stored(shop: &Application, id: &str) -> CommandContent {
    shop.recorder().find_command(id.into()).await.unwrap().unwrap().content.unwrap()
}

fn shows(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

async fn no_digest_of_content_is_stored_in_clear(mut variables: Variables) {
    // without a cipher the digest is found
    let plain = Shop::open_with(super::in_memory()).await.unwrap();
    let place = |id: &str| Command::new(id).content("a secret that can be guessed");
    plain.save(&mut Order::place("book")).command(place("request-1")).await.unwrap();
    let digest = stored(&plain, "request-1").await;
    let hex =
        digest.state.strip_prefix(br#"{"sha256":""#).and_then(|rest| rest.strip_suffix(br#""}"#)).unwrap().to_vec();
    let text = std::str::from_utf8(&hex).unwrap();
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    let raw: Vec<u8> = (0..64).step_by(2).map(byte).collect();
    assert!(digest.checksum.is_some());

    let key = ChaCha20Poly1305Cipher::create_key().as_str().to_owned();
    variables.push(("CIPHER_KEY".to_owned(), key));
    let shop = Shop::open_with(variables.clone()).await.unwrap();
    let recordings = shop.save(&mut Order::place("book")).command(place("request-1")).await.unwrap();
    shop.save(&mut Order::place("book")).command(place("request-2")).await.unwrap();
    let (one, other) = (stored(&shop, "request-1").await, stored(&shop, "request-2").await);
    assert_eq!(one.checksum, None);
    assert!(one.state != other.state && !shows(&one.state, &hex) && !shows(&one.state, &raw[..8]));
    // nor anywhere in the file
    if let Some((_, path)) = variables.iter().find(|(name, _)| name == "SQLITE_DBNAME") {
        for file in [path.clone(), format!("{path}-wal")] {
            let bytes = std::fs::read(file).unwrap();
            assert!(!shows(&bytes, &hex) && !shows(&bytes, &raw[..8]));
        }
    }
    // it is compared all the same, also by a program that is opened later
    let later = Shop::open_with(variables).await;
    let shop = if shop.recorder().log_identity().await.unwrap().unwrap().contains("memory at") {
        shop
    } else {
        later.unwrap()
    };
    assert_eq!(shop.save(&mut Order::place("pen")).command(place("request-1")).await.unwrap(), recordings);
    let error =
        shop.save(&mut Order::place("book")).command(Command::new("request-1").content("other")).await.unwrap_err();
    assert!(matches!(error, Error::CommandReused { .. }), "{error}");
    assert_eq!(recorded(&shop).await, 2);
}
