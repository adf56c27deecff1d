// Starts the replica set, and gives each service a user that can use its own database and no other.
// For mongosh --nodb. Changes nothing the second time, except passwords that are others by now.
const env = process.env;
const host = 'mongodb:27017';
const root = `${env.MONGO_INITDB_ROOT_USERNAME}:${encodeURIComponent(env.MONGO_INITDB_ROOT_PASSWORD)}`;
const admin = connect(`mongodb://${root}@${host}/admin?directConnection=true&serverSelectionTimeoutMS=60000`);

try {
  admin.adminCommand({ replSetGetStatus: 1 });
} catch (error) {
  if (error.codeName !== 'NotYetInitialized') throw error;
  print('Starting the replica set rs0');
  admin.adminCommand({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host }] } });
}
for (let waited = 0; !admin.hello().isWritablePrimary; waited += 1) {
  if (waited === 60) throw new Error('rs0 has had no primary for a minute');
  sleep(1000);
}
for (const name of Object.keys(env).filter((name) => name.startsWith('MONGODB_PASSWORD_'))) {
  const service = name.slice('MONGODB_PASSWORD_'.length).toLowerCase();
  const user = { pwd: env[name], roles: [{ role: 'readWrite', db: `interactor_${service}` }] };
  if (admin.getUser(service)) admin.updateUser(service, user);
  else admin.createUser({ user: service, ...user });
  print(`${service} can use the database interactor_${service}`);
}
