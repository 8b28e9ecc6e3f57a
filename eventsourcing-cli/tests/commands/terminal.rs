//! A command in a terminal.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A command whose standard input, output and error are a terminal of 100 columns.
pub(crate) struct InTerminal {
    child: Child,
    written: Receiver<Vec<u8>>,
    shown: Vec<u8>,
    controller: File,
}

impl InTerminal {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::of_rows(40, command)
    }

    /// In a terminal of this height.
    pub(crate) fn of_rows(ws_row: u16, command: &mut Command) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let path = ptsname(&controller, Vec::new()).unwrap();
        let terminal: OwnedFd = open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let size = Winsize { ws_row, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).unwrap();
        let copy = || terminal.try_clone().unwrap();
        let child = command.env("TERM", "xterm").stdin(copy()).stdout(copy()).stderr(copy()).spawn().unwrap();
        // the command keeps the descriptors that it was given until it is dropped
        command
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        drop(terminal);
        let controller = File::from(controller);
        let mut reader = controller.try_clone().unwrap();
        let (sender, written) = channel();
        thread::spawn(move || {
            let mut part = [0; 4096];
            // an error says that the command has closed the terminal
            while let Ok(count) = reader.read(&mut part) {
                if count == 0 || sender.send(part[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, written, shown: Vec::new(), controller }
    }

    /// Waits until a text is shown.
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.text().contains(text) {
            match self.written.recv() {
                Ok(part) => self.shown.extend(part),
                Err(_) => panic!("{text:?} is not in {:?}", self.text()),
            }
        }
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        use std::io::Write as _;
        self.controller.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Sends Ctrl-C, and returns the exit code and all that was shown.
    pub(crate) fn interrupt(self) -> (i32, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        self.end()
    }

    /// Waits for the end, and returns the exit code and all that was shown.
    pub(crate) fn end(mut self) -> (i32, String) {
        let code = self.child.wait().unwrap().code().unwrap();
        while let Ok(part) = self.written.recv() {
            self.shown.extend(part);
        }
        (code, self.text())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }
}

impl Drop for InTerminal {
    fn drop(&mut self) {
        // one that has ended already cannot be killed
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
