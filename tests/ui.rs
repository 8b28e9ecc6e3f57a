//! What the macros refuse: each rule has a file in `tests/ui`, with the position and the words of its errors.
//!
//! `TRYBUILD=overwrite cargo test --test ui` writes the words anew; read them before they are kept.

#[test]
fn every_refusal_says_where_and_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
