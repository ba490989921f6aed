export { default as GrownTools } from "./GrownTools.vue";
export { default as PencilText } from "./PencilText.vue";
export { default as PinDialog } from "./PinDialog.vue";
export { default as TakeAlong } from "./TakeAlong.vue";
