//! What the page of a trace needs.

use super::Asked;
use crate::failure::Failure;
use crate::pages::{self, Section, Sight, TracePage};
use crate::reading::{Reader, Step, steps};
use crate::site::Form;

const NO_EVENT: Failure = Failure::NotFound("There is no event at this position.");

/// The number of logs in which a trace is looked for.
const LOGS: usize = 3;

impl<'a> Asked<'a> {
    pub(super) async fn trace(&self, reader: &'a Reader, position: u64) -> Result<String, Failure> {
        let (around, reach) = reader.around(position).await?;
        let origin = around.iter().find(|event| event.stored.position == Some(position)).ok_or(NO_EVENT)?;
        let mut time = origin.stored.recorded;
        if time.is_none() {
            let mut stored = origin.stored.clone();
            reader.timed(vec![&mut stored]).await?;
            time = stored.recorded.or(origin.time);
        }
        let mut logs = vec![(reader, around, reach)];
        let others = self.service.readers.iter().filter(|other| other.name() != reader.name());
        // metadata is a value: it is shown of those logs alone whose values are
        for other in others.filter(|other| Sight::of(other, self.operator).payloads).take(LOGS - 1) {
            if let Some(time) = time {
                let (around, reach) = other.around(other.last_before(time).await?).await?;
                logs.push((other, around, reach));
            }
        }
        let reaches = logs.iter().map(|(reader, _, reach)| (reader.name().to_owned(), *reach)).collect();
        let sight = Sight::of(reader, self.operator);
        let mut found = Vec::new();
        for (reader, around, _) in logs {
            let name = reader.name();
            found.extend(around.into_iter().map(|event| {
                let (application, metadata) = (name.to_owned(), event.metadata());
                Step { application, event, metadata, depth: 0 }
            }));
        }
        let mut steps = if sight.payloads { steps((reader.name(), position), found) } else { Vec::new() };
        for reader in &self.service.readers {
            let of_reader = steps.iter_mut().filter(|step| step.application == reader.name());
            reader.timed(of_reader.map(|step| &mut step.event.stored).collect()).await?;
        }
        let page = TracePage { position, steps, reaches };
        let path = format!("{}/traces/{position}", reader.name());
        let frame = self.frame(Section::Log(reader.name()), path, Vec::new());
        Ok(match self.form {
            Form::Html => pages::trace(&page, sight, &frame).into_string(),
            Form::Json => pages::trace_json(&page, sight),
        })
    }
}
