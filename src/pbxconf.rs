//! The PBX's own settings as far as they bear on fax: Asterisk's `udptl.conf`, `logger.conf`, `res_fax.conf`, `sip.conf` and
//! `pjsip.conf`, each setting with the line that it stands on.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;

mod file;

/// Files that are read, as far as they are there.
const FILES: [&str; 5] = [
    "udptl.conf",
    "logger.conf",
    "res_fax.conf",
    "sip.conf",
    "pjsip.conf",
];
/// Settings that are kept of them, in lower case; of `logger.conf` all.
const KEYS: [&str; 27] = [
    "udptlstart",
    "udptlend",
    "udptlfecspan",
    "udptlfecentries",
    "use_even_ports",
    "ecm",
    "maxrate",
    "minrate",
    "modems",
    "t38timeout",
    "t38pt_udptl",
    "t38pt_usertpsource",
    "t38_udptl",
    "t38_udptl_ec",
    "t38_udptl_nat",
    "t38_udptl_maxdatagram",
    "faxdetect",
    "fax_detect",
    "nat",
    "externaddr",
    "externip",
    "externhost",
    "localnet",
    "local_net",
    "external_media_address",
    "external_signaling_address",
    "rtp_symmetric",
];
/// Settings that are kept: more than any PBX has.
const MOST: usize = 10_000;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The file as it lies in the folder.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// The section that it stands in, or that takes it from a template.
    pub section: String,
    /// Name, in lower case.
    pub key: String,
    /// Value as written.
    pub value: String,
}

/// The settings of a PBX.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    all: Vec<Setting>,
    /// Files that are there.
    files: Vec<&'static str>,
    /// The settings are those of a host with these addresses; `None`: the user says that they are of the PBX.
    hosts: Option<Vec<IpAddr>>,
}

impl Settings {
    /// Reads a folder. An error only where it is none.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let folder = fs::canonicalize(folder)?;
        fs::read_dir(&folder)?;
        let mut out = Self::default();
        for name in FILES {
            let mut settings = file::Reader::new(&folder).read(name);
            if let Some(settings) = &mut settings {
                out.files.push(name);
                let known = |setting: &Setting| {
                    name == "logger.conf" || KEYS.contains(&setting.key.as_str())
                };
                settings.retain(known);
                settings.truncate(MOST);
                out.all.append(settings);
            }
        }
        Ok(out)
    }

    /// Those of this host: they count where one of its addresses is on the path of a call.
    pub fn of_this_host() -> Option<Self> {
        let mut own = Self::read(Path::new("/etc/asterisk")).ok()?;
        own.hosts = Some(own_addresses());
        Some(own)
    }

    /// Whether they are those of a PBX with one of these addresses.
    pub fn are_of(&self, mut addresses: impl Iterator<Item = IpAddr>) -> bool {
        match &self.hosts {
            None => true,
            Some(hosts) => addresses.any(|addr| hosts.contains(&addr)),
        }
    }

    /// All that have one of these names.
    pub fn named<'s>(&'s self, keys: &'s [&str]) -> impl Iterator<Item = &'s Setting> {
        let wanted = |setting: &&Setting| keys.contains(&setting.key.as_str());
        self.all.iter().filter(wanted)
    }

    /// The ports of UDPTL, if the user says that these are the settings of the PBX.
    pub fn udptl_ports(&self) -> Option<(u16, u16)> {
        let of = |key: &str| {
            let setting = self.all.iter().rfind(|setting| setting.key == key)?;
            setting.value.parse::<u16>().ok()
        };
        let (low, high) = (of("udptlstart")?, of("udptlend")?);
        (self.hosts.is_none() && low > 0 && low <= high).then_some((low, high))
    }

    /// Whether there is a `logger.conf`.
    pub fn knows_logs(&self) -> bool {
        self.files.contains(&"logger.conf")
    }

    /// The line of `logger.conf` that has the fax log on.
    pub fn fax_log(&self) -> Option<&Setting> {
        let logs = |setting: &&Setting| {
            let mut levels = setting.value.split(',').map(str::trim);
            setting.section == "logfiles" && levels.any(|level| level == "fax" || level == "*")
        };
        self.all.iter().find(logs)
    }

    /// The same with other texts: `--redact`.
    #[must_use]
    pub fn with(mut self, text: impl Fn(&str) -> String, addr: impl Fn(IpAddr) -> IpAddr) -> Self {
        for setting in &mut self.all {
            setting.value = text(&setting.value);
            setting.section = text(&setting.section);
        }
        if let Some(hosts) = &mut self.hosts {
            for host in hosts.iter_mut() {
                *host = addr(*host);
            }
        }
        self
    }
}

/// Addresses of this host, where the system lists them in files (Linux); loopback is everybody's.
fn own_addresses() -> Vec<IpAddr> {
    let mut out: Vec<IpAddr> = Vec::new();
    let trie = fs::read_to_string("/proc/net/fib_trie").unwrap_or_default();
    let mut last: Option<IpAddr> = None;
    for line in trie.lines() {
        let line = line.trim();
        if let Some(addr) = line.strip_prefix("|-- ") {
            last = addr.parse().ok();
        } else if line.contains("host LOCAL") {
            out.extend(last.take());
        }
    }
    let six = fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    for line in six.lines() {
        let word = line.split_ascii_whitespace().next().unwrap_or_default();
        let bits = u128::from_str_radix(word, 16).ok();
        out.extend(bits.map(|bits| IpAddr::from(bits.to_be_bytes())));
    }
    out.retain(|addr| !addr.is_loopback());
    out.sort();
    out.dedup();
    out
}

#[cfg(test)]
mod tests;
