//! The address of the current primary, as a proxy, a virtual address or a name would provide it.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A local port that forwards to a server.
pub struct Address {
    pub port: u16,
    target: watch::Sender<u16>,
}

impl Address {
    /// Forwards to this port at first.
    pub async fn of(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (target, targets) = watch::channel(target);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let target = *targets.borrow();
                // a server that is not there: the client's connection is closed
                let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await else { continue };
                tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
        });
        Self { port, target }
    }

    /// Forwards new connections to another port. Open connections stay where they are.
    pub fn lead_to(&self, target: u16) {
        self.target.send_replace(target);
    }
}
