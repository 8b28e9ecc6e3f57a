//! Snapshots that are compressed and encrypted, as events are.

use eventsourcing::Mapper;
use eventsourcing::codec::compressor::ZstdCompressor;
use eventsourcing::prelude::*;

use super::{Store, World, in_each_database, saved, until};

in_each_database! {
    a_snapshot_is_compressed_and_encrypted
    an_encrypted_snapshot_opens_in_its_own_place_only
    a_snapshot_that_is_not_encrypted_is_missed_by_who_encrypts
}

fn key() -> CipherKey {
    ChaCha20Poly1305Cipher::create_key()
}

fn sealed(store: &Store, key: &CipherKey) -> Application {
    let mapper = Mapper::new("universe").with_compressor(ZstdCompressor::default());
    let mapper = mapper.with_cipher(ChaCha20Poly1305Cipher::new(key)).allow_unencrypted(false);
    store.builder().mapper(mapper).open().unwrap()
}

async fn a_snapshot_is_compressed_and_encrypted(store: Store) {
    let universe = sealed(&store, &key());
    let world = saved(&universe, 1_000).await;
    let snapshot = store.recorder.stored().remove(0);
    let shows = |text: &[u8]| snapshot.state.windows(text.len()).any(|window| window == text);
    assert!(!shows(b"Earth") && !shows(b"change") && !shows(b"history"));
    assert_eq!(snapshot.checksum, None);
    let json = serde_json::to_vec(&world).unwrap();
    assert!(snapshot.state.len() * 2 < json.len(), "{} bytes of {}", snapshot.state.len(), json.len());
    store.recorder.events_read();
    assert_eq!(universe.repository().get::<World>(world.id()).await.unwrap(), world);
    assert_eq!((store.recorder.events_read(), universe.snapshot_counts().used), (1, 1));
    // the twin: without a cipher the same search finds it
    let plain = store.program();
    let copy = saved(&plain, 10).await;
    let state = store.recorder.stored().into_iter().find(|snapshot| snapshot.originator_id == copy.id()).unwrap().state;
    assert!(String::from_utf8_lossy(&state).contains("Earth"));
}

async fn an_encrypted_snapshot_opens_in_its_own_place_only(store: Store) {
    let key = key();
    let universe = sealed(&store, &key);
    let (one, other) = (saved(&universe, 10).await, saved(&universe, 10).await);
    let [of_one, of_other] = store.recorder.stored().try_into().unwrap();
    for what in ["the id", "the id and the append id", "the version"] {
        let mut moved = of_one.clone();
        if what == "the version" {
            moved.originator_version = 9;
        } else {
            moved.originator_id = other.id();
        }
        if what == "the id and the append id" {
            moved.append_id = of_other.append_id;
        }
        let world = if what == "the version" { &one } else { &other };
        store.recorder.put(moved).await;
        let program = sealed(&store, &key);
        assert_eq!(&program.repository().get::<World>(world.id()).await.unwrap(), world, "{what}");
        assert_eq!(program.snapshot_counts().missed, 1, "{what}");
        until(&program, |counts| counts.taken == 1).await;
    }
}

/// Anyone who can write to the database could have forged it.
async fn a_snapshot_that_is_not_encrypted_is_missed_by_who_encrypts(store: Store) {
    let key = key();
    let encrypting = sealed(&store, &key);
    let mut world = World::of(4);
    encrypting.save(&mut world).await.unwrap();
    let mut forged = world.clone();
    forged.history = vec!["forged".to_owned()];
    let elsewhere = Store::in_memory();
    let plain = elsewhere.program();
    // the state of a snapshot as this mapper without a cipher writes it
    let mut copy = World::of(4);
    plain.save(&mut copy).await.unwrap();
    plain.take_snapshot::<World>(copy.id()).await.unwrap();
    let mut snapshot = elsewhere.recorder.stored().remove(0);
    snapshot.originator_id = world.id();
    store.recorder.put(snapshot).await;
    assert_eq!(encrypting.repository().get::<World>(world.id()).await.unwrap(), world);
    assert_eq!(encrypting.snapshot_counts().missed, 1);
}
