//! The pages in a browser: Chromium, which a driver of this machine controls.
//!
//! The browser is never skipped: without one a test fails and says what to do. `cargo xtask test` finds or installs it. A test waits for what it
//! expects and for nothing else: there is neither a pause nor a time after which it gives up.
#![cfg(unix)]

mod browser;
#[path = "../common/mod.rs"]
mod common;
mod hostile;
mod keyboard;
mod large;
mod live;
mod looks;
mod scriptless;
mod sign_in;
mod site;
