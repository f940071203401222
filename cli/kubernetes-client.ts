/**
 * The official client of Kubernetes. It is half as large as the command line itself, so that the package has it in a file
 * of its own, and commands that need it import it when they run.
 */
export { CoreV1Api, CustomObjectsApi, KubeConfig, Watch } from "@kubernetes/client-node";
