//! Code that the macros refuse: each rule has a file in `tests/ui`, with the positions and the texts of its errors.
//!
//! `TRYBUILD=overwrite cargo test --test ui` rewrites the texts; read them before you commit.

#[test]
fn every_refusal_says_where_and_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
