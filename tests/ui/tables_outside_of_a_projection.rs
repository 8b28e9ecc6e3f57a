#![allow(unused)]

use eventsourcing::prelude::*;

struct Names;

impl Names {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
