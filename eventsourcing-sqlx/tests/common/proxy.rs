//! A TCP proxy in front of PostgreSQL that cuts connections at a chosen message.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use eventsourcing_sqlx::{PostgresConfig, SslMode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Where the proxy cuts a connection that sends the append statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The statement does not reach the server.
    BeforeStatement,
    /// The statement reaches the server, and no byte of the answer comes back.
    BeforeAnswer,
    /// This number of bytes of the statement reaches the server.
    Within(usize),
    /// The statement does not reach the server, and no byte of the answer to the next `COMMIT` comes back.
    ///
    /// That is the transaction that records the events of the lost statement. It takes two cuts.
    BeforeAnswerOfNextCommit,
}

/// A running proxy.
#[derive(Debug)]
pub struct Proxy {
    pub port: u16,
    /// The number of connections that are still to be cut.
    left: Arc<AtomicUsize>,
    seen: Arc<Seen>,
    /// Whether the proxy forwards nothing, in either direction, while connections stay open.
    frozen: Arc<Mutex<watch::Sender<bool>>>,
    /// The connections that are never forwarded again.
    abandoned: Mutex<Vec<watch::Sender<bool>>>,
}

/// Counters of the traffic.
#[derive(Debug, Default)]
struct Seen {
    /// The number of statements that came with their values.
    statements: AtomicUsize,
    /// The number of messages after the start of a session: each is a round trip.
    requests: AtomicUsize,
    /// The number of messages that a pooler might have given to different sessions, or would have refused.
    unfit_for_a_pooler: AtomicUsize,
    /// The number of bytes that the server sent.
    answered: AtomicUsize,
    /// The number of opened connections.
    connections: AtomicUsize,
    /// Whether statements are swallowed from now on.
    is_deaf: AtomicBool,
}

impl Proxy {
    /// Starts a proxy for the server of a configuration, and lets the configuration connect through it.
    ///
    /// It turns TLS off, since the proxy reads the statements.
    pub async fn before(config: &mut PostgresConfig, cut: Cut) -> Self {
        assert!(!config.host.starts_with('/'), "the proxy speaks TCP: set POSTGRES_HOST to the name of a server");
        let proxy = Self::start((config.host.clone(), config.port), cut).await;
        (config.host, config.port, config.ssl_mode) = ("127.0.0.1".to_owned(), proxy.port, SslMode::Disable);
        proxy
    }

    /// Listens on a free port and forwards everything to the server, until it is told to cut.
    pub async fn start(server: (String, u16), cut: Cut) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let left = Arc::new(AtomicUsize::new(0));
        let seen = Arc::new(Seen::default());
        let (counter, sent) = (Arc::clone(&left), Arc::clone(&seen));
        let frozen = Arc::new(Mutex::new(watch::Sender::new(false)));
        let freezes = Arc::clone(&frozen);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                sent.connections.fetch_add(1, Ordering::SeqCst);
                let mut freezes = freezes.lock().unwrap().subscribe();
                let (server, counter, sent) = (server.clone(), Arc::clone(&counter), Arc::clone(&sent));
                tokio::spawn(async move {
                    // a server that waits for a client's first word would close the connection in the end
                    if freezes.wait_for(|frozen| !frozen).await.is_err() {
                        return;
                    }
                    let Ok(server) = TcpStream::connect((server.0.as_str(), server.1)).await else { return };
                    client.set_nodelay(true).unwrap();
                    server.set_nodelay(true).unwrap();
                    pass(client, server, cut, counter, sent, freezes).await;
                });
            }
        });
        Self { port, left, seen, frozen, abandoned: Mutex::default() }
    }

    /// Cuts this number of the next connections that append.
    pub fn cut(&self, connections: usize) {
        self.left.store(connections, Ordering::SeqCst);
    }

    /// Stops forwarding, like a network that drops packets. New connections are accepted and get no answer either.
    pub fn freeze(&self) {
        self.frozen.lock().unwrap().send_replace(true);
    }

    /// Stops forwarding the open connections for good, like a firewall that has forgotten them. New connections work.
    pub fn abandon(&self) {
        let abandoned = std::mem::replace(&mut *self.frozen.lock().unwrap(), watch::Sender::new(false));
        abandoned.send_replace(true);
        self.abandoned.lock().unwrap().push(abandoned);
    }

    /// Forwards what was held back, and everything after it.
    pub fn thaw(&self) {
        self.frozen.lock().unwrap().send_replace(false);
    }

    /// Stops forwarding statements for good: clients can connect and then get no answer.
    pub fn swallow_statements(&self) {
        self.seen.is_deaf.store(true, Ordering::SeqCst);
    }

    /// The number of statements since the last call.
    pub fn statements(&self) -> usize {
        self.seen.statements.swap(0, Ordering::SeqCst)
    }

    /// The number of round trips since the last call.
    pub fn requests(&self) -> usize {
        self.seen.requests.swap(0, Ordering::SeqCst)
    }

    /// The number of messages since the last call that a pooler in transaction mode cannot forward.
    pub fn unfit_for_a_pooler(&self) -> usize {
        self.seen.unfit_for_a_pooler.swap(0, Ordering::SeqCst)
    }

    /// The number of bytes that the server sent since the last call.
    pub fn answered(&self) -> usize {
        self.seen.answered.swap(0, Ordering::SeqCst)
    }

    /// The number of connections opened since the last call.
    pub fn connections(&self) -> usize {
        self.seen.connections.swap(0, Ordering::SeqCst)
    }

    pub fn is_done(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

async fn pass(
    client: TcpStream,
    server: TcpStream,
    cut: Cut,
    left: Arc<AtomicUsize>,
    seen: Arc<Seen>,
    frozen: watch::Receiver<bool>,
) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (silence, silent) = watch::channel(false);
    tokio::join!(
        forward(from_client, to_server, cut, left, Arc::clone(&seen), silence, frozen.clone()),
        // ends with the server's side, and so closes the client's
        answer(from_server, to_client, &seen.answered, silent, frozen),
    );
}

/// Client to server. A `Bind` message is the statement with its values; sqlx sends it in one piece with `Execute` and `Sync`.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    cut: Cut,
    left: Arc<AtomicUsize>,
    seen: Arc<Seen>,
    silence: watch::Sender<bool>,
    mut frozen: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 1 << 20];
    let mut in_transaction = false;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if frozen.wait_for(|frozen| !frozen).await.is_err() {
            return;
        }
        let bytes = &buffer[..length];
        // a session begins without a type, and with a password
        if !matches!(bytes[0], 0 | b'p') {
            seen.requests.fetch_add(1, Ordering::SeqCst);
        }
        if matches!(bytes[0], b'P' | b'B' | b'Q') && seen.is_deaf.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        // a simple query counts too: a `BEGIN` or `COMMIT`, say
        if matches!(bytes[0], b'B' | b'Q') {
            seen.statements.fetch_add(1, Ordering::SeqCst);
        }
        let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        let is_unfit = match bytes[0] {
            // the first message of a session, with what it is to be like
            0 => has(b"extra_float_digits") || has(b"options"),
            b'Q' => {
                in_transaction = has(b"BEGIN") || in_transaction && !has(b"COMMIT") && !has(b"ROLLBACK");
                false
            }
            // a statement is prepared in one message and run by the next
            b'P' | b'B' => !in_transaction,
            _ => false,
        };
        seen.unfit_for_a_pooler.fetch_add(usize::from(is_unfit), Ordering::SeqCst);
        // of views it is the commit that is cut
        let is_append = match (cut, left.load(Ordering::SeqCst)) {
            (Cut::BeforeAnswerOfNextCommit, 1) => bytes[0] == b'Q' && has(b"COMMIT"),
            _ => bytes[0] == b'B' && MARKS.into_iter().any(has) || bytes[0] == b'Q' && has(b"COMMIT AND CHAIN"),
        };
        let cuts = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(usize::from(is_append)));
        let cut = match (cut, cuts) {
            (Cut::BeforeAnswerOfNextCommit, Ok(2)) => Cut::BeforeStatement,
            (Cut::BeforeAnswerOfNextCommit, _) => Cut::BeforeAnswer,
            (cut, _) => cut,
        };
        let is_cut = is_append && cuts.is_ok();
        if !is_cut {
            if to.write_all(bytes).await.is_err() {
                return;
            }
            continue;
        }
        match cut {
            Cut::BeforeStatement => {}
            Cut::Within(count) => drop(to.write_all(&bytes[..count.min(length)]).await),
            Cut::BeforeAnswer | Cut::BeforeAnswerOfNextCommit => {
                // from here on the client hears nothing; the server does its work and then loses the connection
                silence.send_replace(true);
                drop(to.write_all(bytes).await);
            }
        }
        return;
    }
}

/// Bytes that occur only in the values of the tests' appends; the second is for appends without events.
const MARKS: [&[u8]; 2] = [b"World.SomethingHappened", b"WithoutEvents"];

/// Server to client.
async fn answer(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    answered: &AtomicUsize,
    silent: watch::Receiver<bool>,
    mut frozen: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 1 << 20];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        answered.fetch_add(length, Ordering::SeqCst);
        if frozen.wait_for(|frozen| !frozen).await.is_err() {
            return;
        }
        if *silent.borrow() || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
