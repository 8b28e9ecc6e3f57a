//! New events as a stream of server-sent events, each with the rows that the page shows.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::stream;

use crate::failure::Failure;
use crate::pages::{Sight, gap, row};
use crate::reading::{From, Reader};
use crate::site::{Links, LogQuery};

/// The maximum number of positions of one message. It names the positions before them, without their events.
const MOST: u64 = 100;

/// How often the log is looked at when no wake-up comes, as for events that another process records in SQLite.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The shortest time between two messages: a reader does not follow faster.
const PAUSE: Duration = Duration::from_millis(300);

/// How often something is sent, so that a connection that is gone is noticed.
const BEAT: Duration = Duration::from_secs(15);

/// How long a stream lasts. A browser opens the next one from where this one ended.
const LONGEST: Duration = Duration::from_secs(1_800);

/// A stream of new events.
pub(crate) struct Tail {
    pub(crate) reader: Reader,
    pub(crate) query: LogQuery,
    pub(crate) links: Links,
    pub(crate) payloads: bool,
    /// The last position that was sent.
    pub(crate) last: u64,
}

impl Tail {
    /// The response. Its body ends when the database fails, and after a time.
    pub(crate) fn response(self) -> Response {
        let (ends, beat) = (Instant::now() + LONGEST, Instant::now());
        let first = Bytes::from_static(b"retry: 2000\n\n");
        let messages = stream::unfold(Some((self, beat, Some(first))), move |state| async move {
            let (mut tail, beat, first) = state?;
            if let Some(first) = first {
                return Some((Ok::<_, Infallible>(first), Some((tail, beat, None))));
            }
            if Instant::now() > ends {
                return None;
            }
            match tail.next(beat).await {
                Ok(message) => Some((Ok(Bytes::from(message)), Some((tail, Instant::now(), None)))),
                Err(_) => None,
            }
        });
        let mut response = Response::new(Body::from_stream(messages));
        let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        // proxies that collect a response before they pass it on would keep it for half an hour
        response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }

    /// The next message: rows, or a comment if nothing is recorded for long.
    async fn next(&mut self, beat: Instant) -> Result<String, Failure> {
        tokio::time::sleep(PAUSE).await;
        loop {
            let newest = self.reader.newest().await?;
            if newest > self.last
                && let Some(message) = self.message(newest).await?
            {
                return Ok(message);
            }
            if beat.elapsed() > BEAT {
                return Ok(": nothing new\n\n".to_owned());
            }
            self.reader.wait_after(self.last, LOOK_EVERY).await;
        }
    }

    /// The message with the matching events up to a position; none if there is no such event.
    async fn message(&mut self, newest: u64) -> Result<Option<String>, Failure> {
        let after = self.last;
        let start = after.max(newest.saturating_sub(MOST));
        let limit = usize::try_from(MOST).unwrap_or(usize::MAX);
        let mut found = self.reader.search(&self.query.filter, From::After(start), limit).await?;
        self.reader.timed(found.rows.iter_mut().map(|row| &mut row.stored).collect()).await?;
        let up_to = found.looked_at.map_or(start, |(_, high)| high);
        let sight = Sight { application: self.reader.name(), payloads: self.payloads };
        let mut html = String::new();
        for opened in &found.rows {
            html.push_str(&row(opened, sight, self.links, &self.query, false).into_string());
        }
        if start > after {
            html.push_str(&gap(after, start, sight, self.links, &self.query).into_string());
        }
        self.last = up_to;
        Ok((!html.is_empty()).then(|| message(up_to, &html)))
    }
}

/// A message in the format of server-sent events, in which a line break begins a new field.
fn message(id: u64, html: &str) -> String {
    let lines: String = html.split(['\n', '\r']).map(|line| format!("data: {line}\n")).collect();
    format!("id: {id}\n{lines}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_in_a_row_begins_no_other_field() {
        assert_eq!(message(7, "<td>a\nid: 9\r\ndata: x"), "id: 7\ndata: <td>a\ndata: id: 9\ndata: \ndata: data: x\n\n");
    }
}
