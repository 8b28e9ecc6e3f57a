#![allow(unused)]

use eventsourcing::EventContext;
use eventsourcing::prelude::*;

#[aggregate]
pub struct World {
    name: String,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    #[event("Renamed")]
    pub fn rename(&mut self, name: &str) {
        self.name = name.to_owned();
    }
}

struct NotAsync;

#[projection("a")]
impl NotAsync {
    #[tables]
    fn tables(&self, prefix: &str, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct NoPrefix;

#[projection("b")]
impl NoPrefix {
    #[tables]
    async fn tables(&self, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct OwnedPrefix;

#[projection("c")]
impl OwnedPrefix {
    #[tables]
    async fn tables(&self, prefix: String, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct SharedView;

#[projection("d")]
impl SharedView {
    #[tables]
    async fn tables(&self, prefix: &str, view: &Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct MutableSelf;

#[projection("e")]
impl MutableSelf {
    #[tables]
    async fn tables(&mut self, prefix: &str, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct Generic;

#[projection("f")]
impl Generic {
    #[tables]
    async fn tables<T>(&self, prefix: &str, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct AnotherView;

#[projection("g")]
impl AnotherView {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct Twice;

#[projection("h")]
impl Twice {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[tables]
    async fn more(&self, prefix: &str, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

struct WithArguments;

#[projection("i")]
impl WithArguments {
    #[tables("names")]
    async fn tables(&self, prefix: &str, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }

    #[on]
    async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
