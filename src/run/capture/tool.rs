//! The program that captures: dumpcap or tcpdump, here or on another host. The right to capture is theirs.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::cli::Capture;

/// What a fax is made of: SIP over UDP, TCP and SCTP, media, what comes back of them, and the fragments of all.
const FILTER: &str = "udp or sctp or icmp or icmp6 or ip6 proto 44 or tcp port 5060 or tcp port 5061 or tcp port 5080";

/// Folders in which such programs lie beside those of PATH.
const BESIDE: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Lines kept of what a program says.
const LINES_MAX: usize = 20;

/// How it is captured.
#[derive(Clone, Debug)]
pub(super) struct Tool {
    kind: Kind,
    program: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Dumpcap,
    Tcpdump,
    /// tcpdump on another host.
    Ssh,
}

/// Those that can be had, the best first.
pub(super) fn tools(options: &Capture) -> Vec<Tool> {
    let known: &[(Kind, &str)] = if options.ssh.is_some() {
        &[(Kind::Ssh, "ssh")]
    } else {
        &[(Kind::Dumpcap, "dumpcap"), (Kind::Tcpdump, "tcpdump")]
    };
    known
        .iter()
        .filter_map(|(kind, name)| {
            Some(Tool {
                kind: *kind,
                program: find(name)?,
            })
        })
        .collect()
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(BESIDE.iter().map(PathBuf::from));
    folders
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// The filter that is asked for, else that of faxes.
pub(super) fn filter(options: &Capture) -> &str {
    options.filter.as_deref().unwrap_or(FILTER)
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:%@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// tcpdump as a line for a shell, to `file`.
fn tcpdump_line(options: &Capture, file: &str) -> String {
    let (interface, filter) = (quoted(&options.interface), quoted(filter(options)));
    format!(
        "tcpdump -i {interface} -s 0 -U -n -w {} {filter}",
        quoted(file)
    )
}

impl Tool {
    /// Its name, and where it runs.
    pub(super) fn name(&self, options: &Capture) -> String {
        match (self.kind, &options.ssh) {
            (Kind::Ssh, Some(host)) => format!("tcpdump on {host}"),
            (Kind::Dumpcap, _) => "dumpcap".to_owned(),
            _ => "tcpdump".to_owned(),
        }
    }

    fn command(&self, options: &Capture) -> Command {
        let mut command = Command::new(&self.program);
        let (interface, filter) = (options.interface.as_str(), filter(options));
        match self.kind {
            Kind::Dumpcap => {
                command.args([
                    "-q", "-P", "-i", interface, "-s", "0", "-f", filter, "-w", "-",
                ]);
            }
            Kind::Tcpdump => {
                command.args([
                    "-i", interface, "-s", "0", "-U", "-n", "-w", "-", "--", filter,
                ]);
            }
            Kind::Ssh => {
                let host = options.ssh.as_deref().unwrap_or_default();
                command
                    .args(["-T", "--", host])
                    .arg(tcpdump_line(options, "-"));
            }
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if self.kind == Kind::Ssh {
            // It may ask for a password, which only the group of the terminal can.
            command.stdin(Stdio::null());
        } else {
            command.stdin(Stdio::null()).process_group(0);
        }
        command
    }

    /// Begins to capture.
    pub(super) fn start(&self, options: &Capture) -> io::Result<(Running, ChildStdout)> {
        let mut child = self.command(options).spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let stdout = stdout.ok_or(io::ErrorKind::BrokenPipe)?;
        let says = Arc::new(Mutex::new(Vec::new()));
        if let Some(stderr) = stderr {
            let says = Arc::clone(&says);
            // Ends with the program.
            thread::spawn(move || listen(stderr, &says));
        }
        let running = Running {
            child: Mutex::new(child),
            says,
            has_group: self.kind != Kind::Ssh,
        };
        Ok((running, stdout))
    }

    /// Why it does not capture, and the way out, in one line. `None`: another program may do better.
    pub(super) fn trouble(&self, options: &Capture, why: &Why) -> Trouble {
        let interface = &options.interface;
        let by_hand = format!("as root: {}", tcpdump_line(options, "fax.pcap"));
        let said = match why {
            Why::NotStarted(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                "permission denied".to_owned()
            }
            Why::NotStarted(error) => error.to_string(),
            Why::Said(lines) => lines.join(" "),
        };
        let low = said.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| low.contains(word));
        let name = self.name(options);
        let no_interface = [
            "no such device",
            "no device named",
            "doesn't exist",
            "does not exist",
        ];
        let text = if self.kind == Kind::Ssh && !has(&["tcpdump"]) && !has(&["permitted"]) {
            format!(
                "{name}: {}; try: ssh {} true",
                last(why),
                options.ssh.as_deref().map(quoted).unwrap_or_default()
            )
        } else if has(&["not found"]) && self.kind == Kind::Ssh {
            format!("{name}: {}; install tcpdump there", last(why))
        } else if has(&no_interface) {
            format!("{name}: no interface {interface}{}", there_are(self.kind))
        } else if has(&[
            "syntax error",
            "can't parse",
            "cannot parse",
            "isn't a valid capture filter",
            "not a valid",
        ]) {
            format!(
                "{name} does not understand --filter {}: {}",
                quoted(filter(options)),
                last(why)
            )
        } else if has(&["permission", "permitted", "not allowed"]) && self.kind == Kind::Ssh {
            format!(
                "{name}: no right to capture on {interface}; log in as root (--ssh root@HOST), or give tcpdump there the right: setcap cap_net_raw,cap_net_admin+eip $(command -v tcpdump)"
            )
        } else if has(&["permission", "permitted", "not allowed"]) {
            let program = quoted(&self.program.to_string_lossy());
            format!(
                "{name}: no right to capture on {interface}; give it: sudo setcap cap_net_raw,cap_net_admin+eip {program} – or {by_hand}"
            )
        } else {
            format!("{name}: {}; {by_hand}", last(why))
        };
        let try_another = !has(&no_interface) && !has(&["syntax error"]);
        Trouble { text, try_another }
    }
}

/// Why a program does not capture.
#[derive(Debug)]
pub(super) enum Why {
    /// It could not be started.
    NotStarted(io::Error),
    /// It ended and said this.
    Said(Vec<String>),
}

/// What is told the user, and whether it is worth trying another program.
pub(super) struct Trouble {
    pub(super) text: String,
    pub(super) try_another: bool,
}

/// No program that captures is there.
pub(super) fn no_tool(options: &Capture) -> String {
    if options.ssh.is_some() {
        return "there is no ssh here: install it".to_owned();
    }
    format!(
        "there is neither dumpcap nor tcpdump here; install one (apt install tcpdump), or on the PBX as root: {}",
        tcpdump_line(options, "fax.pcap")
    )
}

/// The line of a program that says most: the last one.
fn last(why: &Why) -> String {
    match why {
        Why::NotStarted(error) => error.to_string(),
        Why::Said(lines) => telling(lines)
            .unwrap_or("it ended at once, without a word")
            .trim_end_matches('.')
            .to_owned(),
    }
}

/// Of what a program said, the line that says why: the last one, what it tells everybody left aside.
pub(super) fn telling(lines: &[String]) -> Option<&str> {
    const ALWAYS: [&str; 6] = [
        "Capturing on",
        "File: ",
        "Please check",
        "See the User",
        "Packets",
        "listening on",
    ];
    let says = |line: &&str| !line.is_empty() && !ALWAYS.iter().any(|word| line.contains(word));
    lines.iter().rev().map(|line| line.trim()).find(says)
}

/// The interfaces of this host.
fn there_are(kind: Kind) -> String {
    let entries = fs::read_dir(Path::new("/sys/class/net"))
        .into_iter()
        .flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    if kind == Kind::Ssh || names.is_empty() {
        return String::new();
    }
    names.sort();
    format!("; there are any, {}", names.join(", "))
}

fn listen(stderr: ChildStderr, says: &Mutex<Vec<String>>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let mut lines = says.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < LINES_MAX {
            lines.push(line);
        }
    }
}

/// A program that captures.
#[derive(Debug)]
pub(super) struct Running {
    child: Mutex<Child>,
    says: Arc<Mutex<Vec<String>>>,
    has_group: bool,
}

impl Running {
    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it ended by itself, and if so, whether well.
    pub(super) fn ended(&self) -> Option<bool> {
        self.child()
            .try_wait()
            .ok()
            .flatten()
            .map(|status| status.success())
    }

    /// What it said on standard error.
    pub(super) fn said(&self) -> Vec<String> {
        self.says
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether it said that it captures.
    pub(super) fn has_begun(&self) -> bool {
        // dumpcap says what it captures on before it tries.
        let begun = ["listening on", "file: "];
        let said = self.said();
        said.iter()
            .any(|line| begun.iter().any(|word| line.to_lowercase().contains(word)))
    }

    /// Ends it: with what it began itself, politely first.
    pub(super) fn stop(&self) {
        /// Looks, and the time between two of them.
        const LOOKS: u32 = 25;
        const LOOK: std::time::Duration = std::time::Duration::from_millis(20);
        let mut child = self.child();
        if child.try_wait().is_ok_and(|status| status.is_some()) {
            return;
        }
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let send = |signal: Signal| {
            if let Some(pid) = pid {
                let _ = if self.has_group {
                    kill_process_group(pid, signal)
                } else {
                    kill_process(pid, signal)
                };
            }
        };
        send(Signal::TERM);
        for _ in 0..LOOKS {
            if child.try_wait().is_ok_and(|status| status.is_some()) {
                break;
            }
            thread::sleep(LOOK);
        }
        send(Signal::KILL);
        let _ = child.kill();
        let _ = child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_takes_a_word_as_it_is() {
        assert_eq!(quoted("eth0"), "eth0");
        assert_eq!(quoted("udp or tcp"), "'udp or tcp'");
        assert_eq!(quoted("x'; reboot #"), r"'x'\''; reboot #'");
        assert_eq!(quoted("$(id)"), "'$(id)'");
        assert_eq!(quoted(""), "''");
    }
}
