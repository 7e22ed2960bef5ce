/** A whole cluster on this machine, for commands that bring their own: the demo and the bench. */
export { type ClusterMember, LocalCluster } from './local-cluster.js';
