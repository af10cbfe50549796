//! Counts in Redis: one script adds to all counts of a request at once.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use tokio::sync::Mutex;

/// Adds, lets the key live as long as its window, and tells the sums; `envoyproxy/ratelimit` adds
/// before it compares, too. KEYS: counts; ARGV: units, then the seconds that each key lives.
const ADD: &str = "
local sums = {}
for i, key in ipairs(KEYS) do
  sums[i] = redis.call('INCRBY', key, ARGV[1])
  redis.call('EXPIRE', key, ARGV[i + 1])
end
return sums";

/// How long Redis may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The counts.
pub struct Counter {
    client: redis::Client,
    connection: Mutex<Option<MultiplexedConnection>>,
    add: redis::Script,
}

/// One count and how long it lives, in seconds.
pub struct Key {
    pub name: String,
    pub lives: u64,
}

impl Counter {
    pub fn new(url: &str) -> redis::RedisResult<Self> {
        Ok(Self {
            client: redis::Client::open(url)?,
            connection: Mutex::default(),
            add: redis::Script::new(ADD),
        })
    }

    /// Adds `units` to all; the sums afterwards. After an error the next call connects anew.
    pub async fn add(&self, keys: &[Key], units: u32) -> Result<Vec<u64>, String> {
        let added = tokio::time::timeout(PATIENCE, self.try_add(keys, units)).await;
        let added = match added {
            Ok(added) => added.map_err(|error| error.to_string()),
            Err(_) => Err("Redis took too long".to_owned()),
        };
        if added.is_err() {
            *self.connection.lock().await = None;
        }
        added
    }

    async fn try_add(&self, keys: &[Key], units: u32) -> redis::RedisResult<Vec<u64>> {
        let mut connection = self.connect().await?;
        let mut call = self.add.prepare_invoke();
        call.arg(units);
        for key in keys {
            call.key(&key.name).arg(key.lives);
        }
        call.invoke_async(&mut connection).await
    }

    async fn connect(&self) -> redis::RedisResult<MultiplexedConnection> {
        let mut held = self.connection.lock().await;
        if let Some(connection) = &*held {
            return Ok(connection.clone());
        }
        let connection = self.client.get_multiplexed_async_connection().await?;
        *held = Some(connection.clone());
        Ok(connection)
    }
}
